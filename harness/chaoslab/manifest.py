"""manifest.json: everything needed to understand a run and to judge it again, written before anything is touched."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chaoslab import __version__
from chaoslab.errors import LabError
from chaoslab.lab.session import Project
from chaoslab.model.lab import LabSpec
from chaoslab.model.plan import REPEAT_MARK, Plan
from chaoslab.model.suite import Scenario, Suite
from chaoslab.parse.suite import read_suite
from chaoslab.plan import Selection, make_plan
from chaoslab.prepare import Prepared, RunRequest
from chaoslab.tools.checkout import revision
from chaoslab.tools.engine import Engine
from chaoslab.vocabulary import vocabulary


def manifest(request: RunRequest, prepared: Prepared, engine: Engine) -> dict[str, Any]:
    """Gather inputs with their variables filled in, versions, revision, seed and host."""
    plan = prepared.plan
    return {
        "schema_version": 1,
        "chaoslab": __version__,
        "profile": plan.profile,
        "seed": plan.seed,
        "repeat": request.selection.repeat,
        "strict": request.strict,
        **circumstances(prepared.project, engine, request.compose_files),
        "scenarios": [planned.key for planned in plan.scenarios],
        "suites": [
            {
                **suite.model_dump(mode="json"),
                "scenarios": [_as_run(scenario, plan) for scenario in suite.scenarios],
                "file": suite.file,
                "variables": [asdict(variable) for variable in suite.variables],
            }
            for suite in prepared.suites
        ],
        "lab": prepared.project.spec.model_dump(mode="json"),
        "overlaid": [
            {"overlays": overlays, "lab": project.spec.model_dump(mode="json")}
            for overlays, project in prepared.overlaid.items()
        ],
    }


def _as_run(scenario: Scenario, plan: Plan) -> dict[str, Any]:
    """Write a scenario down; a campaign as the faults that were drawn, beside what they were drawn from."""
    if scenario.campaign is None:
        return scenario.model_dump(mode="json", exclude={"campaign"})
    for planned in plan.scenarios:
        if planned.scenario.id == scenario.id:
            told = planned.scenario.model_dump(mode="json", exclude={"campaign"})
            return {**told, "x-campaign": scenario.campaign.model_dump(mode="json")}
    return scenario.model_dump(mode="json", exclude={"faults"})


class StoredRun:
    """A manifest read back: the plan that was run, and the lab that each of its scenarios ran on."""

    def __init__(self, stored: dict[str, Any]) -> None:
        self.lab = _lab(stored["lab"])
        self.overlaid = {tuple(one["overlays"]): _lab(one["lab"]) for one in stored.get("overlaid", ())}
        ids = dict.fromkeys(key.partition(REPEAT_MARK)[0] for key in stored["scenarios"])
        selection = Selection(only=tuple(ids), repeat=stored.get("repeat", 1))
        suites = [_suite(one) for one in stored["suites"]]
        self.plan: Plan = make_plan(
            suites, self.lab, stored["profile"], stored["seed"], selection, overlaid=self.overlaid
        )

    def lab_of(self, overlays: tuple[str, ...]) -> LabSpec:
        """Return the lab as these overlays made it."""
        return self.overlaid.get(overlays, self.lab)


def _lab(stored: dict[str, Any]) -> LabSpec:
    return LabSpec.model_validate_json(json.dumps(stored))


def _suite(stored: dict[str, Any]) -> Suite:
    """Read a suite as it was run: its variables are values already. Raises LabError when it does not fit this version."""
    keys = {key: value for key, value in stored.items() if key not in ("file", "variables")}
    file = str(stored.get("file", ""))
    suite, found = read_suite(keys, file, vocabulary())
    if suite is None:
        raise LabError(
            f"the run's suite {file} does not fit this version of chaoslab: {found[0][1]}",
            remedy="judge it with the version in its manifest",
        )
    return suite


def circumstances(project: Project, engine: Engine, compose_files: Sequence[Path]) -> dict[str, Any]:
    """Tell what a run of any kind stands on: engine and host, revision, the lab's bugs."""
    version, info = engine.version(), engine.info()
    return {
        "engine": {
            "endpoint": project.endpoint.source,
            "version": version.get("Version"),
            "kernel": info.get("KernelVersion"),
            "cgroup": info.get("CgroupVersion"),
            "cpus": info.get("NCPU"),
            "memory_bytes": info.get("MemTotal"),
            "system": info.get("OperatingSystem"),
        },
        "checkout": revision(compose_files[0].resolve().parent),
        "lab_bugs": os.environ.get("LAB_BUGS", ""),
    }
