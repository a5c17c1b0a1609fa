"""A stored run, judged again offline: the same pure judgement on what the folder holds."""

import json
from pathlib import Path
from typing import Any

from chaoslab.errors import Exit, LabError
from chaoslab.model.lab import LabSpec
from chaoslab.model.plan import Plan
from chaoslab.model.result import RunResult
from chaoslab.model.suite import Suite
from chaoslab.parse.suite import read_suite
from chaoslab.plan import Selection, make_plan
from chaoslab.store import MANIFEST, RESULT, read_events, read_json, read_samples
from chaoslab.verdict.judge import judge_run, judge_scenario
from chaoslab.vocabulary import vocabulary


def rejudge(folder: Path, *, strict: bool) -> RunResult:
    """Judge the run in `folder` again. Raises LabError when the folder does not hold one that this version can read."""
    manifest = read_json(folder / MANIFEST)
    lab = LabSpec.model_validate_json(json.dumps(manifest["lab"]))
    plan = stored_plan(manifest, lab)
    events, samples = read_events(folder), read_samples(folder)
    results = [judge_scenario(planned, lab, events, samples.get(planned.key, {})) for planned in plan.scenarios]
    told: dict[str, Any] = read_json(folder / RESULT) if (folder / RESULT).exists() else {}
    return judge_run(
        results,
        run_id=folder.resolve().name,
        profile=plan.profile,
        seed=plan.seed,
        started=manifest.get("started", ""),
        wall_seconds=told.get("wall_seconds", 0.0),
        lab_clean=told.get("lab_clean", True),
        failed_with=Exit.PASSED,
        observer=told.get("observer", {}),
        notes=("judged again from the stored history",),
        strict=strict,
    )


def stored_plan(manifest: dict[str, Any], lab: LabSpec) -> Plan:
    """Make the run's plan again from its manifest."""
    suites: list[Suite] = []
    for stored in manifest["suites"]:
        file = stored.pop("file", "")
        suite, found = read_suite(stored, file, vocabulary())
        if suite is None:
            raise LabError(
                f"the run's suite {file} does not fit this version of chaoslab: {found[0][1]}",
                remedy="judge it with the version in its manifest",
            )
        suites.append(suite)
    return make_plan(suites, lab, manifest["profile"], manifest["seed"], Selection(only=tuple(manifest["scenarios"])))
