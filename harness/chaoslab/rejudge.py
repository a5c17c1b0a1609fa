"""A stored run, judged again offline: the same pure judgement on what the folder holds."""

from pathlib import Path
from typing import Any

from chaoslab.errors import Exit
from chaoslab.manifest import StoredRun
from chaoslab.model.result import RunResult
from chaoslab.store import MANIFEST, RESULT, read_events, read_json, read_samples
from chaoslab.verdict.judge import judge_run, judge_scenario


def rejudge(folder: Path, *, strict: bool) -> RunResult:
    """Judge the run in `folder` again. Raises LabError when the folder does not hold one that this version can read."""
    manifest = read_json(folder / MANIFEST)
    stored = StoredRun(manifest)
    plan = stored.plan
    events, samples = read_events(folder), read_samples(folder)
    results = [
        judge_scenario(planned, stored.lab_of(planned.overlays), events, samples.get(planned.key, {}))
        for planned in plan.scenarios
    ]
    told: dict[str, Any] = read_json(folder / RESULT) if (folder / RESULT).exists() else {}
    return judge_run(
        results,
        run_id=folder.resolve().name,
        profile=plan.profile,
        slos=plan.slos,
        seed=plan.seed,
        started=manifest.get("started", ""),
        wall_seconds=told.get("wall_seconds", 0.0),
        lab_clean=told.get("lab_clean", True),
        failed_with=Exit.PASSED,
        observer=told.get("observer", {}),
        notes=("judged again from the stored history",),
        strict=strict,
    )
