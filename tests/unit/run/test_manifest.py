"""A manifest gives the very plan back that was run, whatever the environment says by then."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from chaoslab.errors import LabError
from chaoslab.lab.session import Project
from chaoslab.manifest import StoredRun, manifest
from chaoslab.parse import Given, parse_suites
from chaoslab.plan import Selection, make_plan
from chaoslab.plan.targets import target_of
from chaoslab.prepare import Prepared, RunRequest
from chaoslab.tools.endpoint import Endpoint
from chaoslab.tools.engine import Engine
from chaoslab.vocabulary import vocabulary
from unit.parse.words import lab, written

FAULT = {"type": "toxic", "toxic": "latency", "attributes": {"latency": "${LATENCY:-50}"}, "for_seconds": 9}
EXPECT = [{"measure": "recovery_seconds", "max": "${HEARTBEAT_MAX:-5}"}]


class MadeEngine:
    """An engine that only tells its version."""

    def version(self) -> dict[str, Any]:
        """Tell it."""
        return {"Version": "20.10"}

    def info(self) -> dict[str, Any]:
        """Tell nothing of the host."""
        return {}


def prepared(folder: Path, *overlays: str, repeat: int = 1) -> tuple[RunRequest, Prepared]:
    """Prepare a run of two suites with variables, the second with load, and with overlays when some are named."""
    one = {"id": "A", "name": "literal $${X}", "faults": [FAULT], "expect": EXPECT}
    files = [written(folder, {"name": "one", "scenarios": [one]}, "one.json")]
    two: dict[str, Any] = {"name": "two", "overlays": list(overlays), "scenarios": [{**one, "id": "B"}]}
    (folder / "some.js").touch()
    three = {**one, "id": "C", "load": {"script": "some.js", "vus": 3, "env": {"RATE": 0.5}}}
    two["scenarios"].append(three)
    files.append(written(folder, two, "two.json"))
    suites = parse_suites(files, vocabulary(), Given({"HEARTBEAT_MAX": "7"}, {"LATENCY": "120"}))
    spec = lab()
    overlaid = {overlays: spec.model_copy(update={"project": "with-overlay"})} if overlays else {}
    selection = Selection(repeat=repeat)
    plan = make_plan(suites, spec, "quick", 3, selection, overlaid)
    address = Endpoint("unix:///nowhere", source="test")
    projects = {names: Project(cast("Any", None), one_lab, address) for names, one_lab in overlaid.items()}
    request = RunRequest(tuple(files), (folder / "lab.yml",), folder, selection=selection)
    return request, Prepared(suites, Project(cast("Any", None), spec, address), projects, plan)


def stored(request: RunRequest, run: Prepared) -> dict[str, Any]:
    """Write the manifest and read it back, as a file does."""
    written_down = json.dumps(manifest(request, run, cast("Engine", MadeEngine())))
    found = json.loads(written_down)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("overlays", [(), ("ha.yml",)])
@pytest.mark.parametrize("repeat", [1, 3])
def test_the_plan_comes_back(tmp_path: Path, overlays: tuple[str, ...], repeat: int) -> None:
    """Scenarios, repeats, windows, values of variables and labs are those of the run."""
    request, run = prepared(tmp_path, *overlays, repeat=repeat)
    again = StoredRun(stored(request, run))
    assert [planned.key for planned in again.plan.scenarios] == [planned.key for planned in run.plan.scenarios]
    assert again.plan == run.plan
    assert again.lab_of(overlays).project == ("with-overlay" if overlays else lab().project)


def test_judging_again_needs_no_script(tmp_path: Path) -> None:
    """The load of a stored run is what it was, wherever its script is by now."""
    found = stored(*prepared(tmp_path))
    (tmp_path / "some.js").unlink()
    load = StoredRun(found).plan.scenarios[2].scenario.load
    assert load is not None
    assert (load.script, load.vus, load.env) == ("some.js", 3, {"RATE": 0.5})


def test_recorded_values_go_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judging again uses what the variables were, and does not fill in what was an escape."""
    request, run = prepared(tmp_path)
    found = stored(request, run)
    monkeypatch.setenv("HEARTBEAT_MAX", "99")
    monkeypatch.setenv("X", "filled")
    scenario = StoredRun(found).plan.scenarios[0].scenario
    assert scenario.name == "literal ${X}"
    assert scenario.expect[0].max == 7
    assert found["suites"][0]["variables"] == [
        {"name": "HEARTBEAT_MAX", "value": "7", "source": "environment"},
        {"name": "LATENCY", "value": "120", "source": "--set"},
    ]


def test_a_campaign_is_recorded_as_what_was_drawn(tmp_path: Path) -> None:
    """Judged again it is an ordinary scenario, whatever a later version would draw; what it was drawn from rides along."""
    faults = [{"type": "crash", "target": "any"}, {"type": "stop", "target": "redis", "for_seconds": 9}]
    campaign = {"pick": 2, "max_targets": 3, "targets": ["trader", "mock-worker"], "faults": faults}
    told = {"name": "one", "scenarios": [{"id": "C", "name": "c", "campaign": campaign, "expect": EXPECT}]}
    told["scenarios"] = [*told["scenarios"], {"id": "D", "name": "left out", "campaign": campaign}]
    file = written(tmp_path, told)
    suites, spec = parse_suites([file], vocabulary(), Given({"HEARTBEAT_MAX": "7"})), lab()
    selection = Selection(only=("C",), repeat=2)
    plan = make_plan(suites, spec, "quick", 3, selection)
    project = Project(cast("Any", None), spec, Endpoint("unix:///nowhere", source="test"))
    request = RunRequest((file,), (tmp_path / "lab.yml",), tmp_path, selection=selection)
    found = stored(request, Prepared(suites, project, {}, plan))
    ran, left_out = found["suites"][0]["scenarios"]
    assert [fault["target"] for fault in ran["faults"]] == [target_of(step.fault) for step in plan.scenarios[0].steps]
    assert ran["x-campaign"] == left_out["campaign"]
    assert StoredRun(found).plan == plan
    again = StoredRun({**found, "seed": 4}).plan
    assert [one.steps for one in again.scenarios] == [one.steps for one in plan.scenarios]


def test_a_suite_of_another_version_is_told(tmp_path: Path) -> None:
    """A manifest whose suites this version does not know ends in a message."""
    found = stored(*prepared(tmp_path))
    found["suites"][0]["future"] = 1
    with pytest.raises(LabError, match="does not fit this version"):
        StoredRun(found)
