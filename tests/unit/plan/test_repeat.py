"""Plans cut to their shortest scenarios, repeated, and ordered by overlays."""

import json
from pathlib import Path

from chaoslab.model.plan import Plan
from chaoslab.plan import Selection, make_plan
from unit.parse.words import lab, parsed, scenario, suite


def crash(name: str, hold: float, **keys: object) -> dict[str, object]:
    """Make a scenario with a hold of so many seconds."""
    return scenario(id=name, faults=[{"type": "toxic", "toxic": "latency", "for_seconds": hold}], **keys)


def made(folder: Path, selection: Selection, *overlays: str) -> Plan:
    """Plan three scenarios, and a fourth in a suite with overlays when some are named."""
    suites = [parsed(folder, suite(crash("A", 4), crash("B", 2), crash("C", 3)))]
    if overlays:
        suites.insert(0, parsed(folder, suite(crash("O", 1), overlays=list(overlays))))
    return make_plan(suites, lab(), "quick", 1, selection)


def keys(plan: Plan) -> list[str]:
    """Name a plan's scenarios in order."""
    return [planned.key for planned in plan.scenarios]


def test_shortest_keeps_the_order(tmp_path: Path) -> None:
    """The scenarios with the shortest declared windows are kept, in the order of the files."""
    assert keys(made(tmp_path, Selection(shortest=2))) == ["B", "C"]
    assert keys(made(tmp_path, Selection(shortest=9))) == ["A", "B", "C"]


def test_repeats_come_in_rounds(tmp_path: Path) -> None:
    """Every scenario once, then every one again; each repeat has a key of its own, the fault ids stay."""
    plan = made(tmp_path, Selection(only=("A", "B"), repeat=2))
    assert keys(plan) == ["A#1", "B#1", "A#2", "B#2"]
    assert {planned.scenario.id for planned in plan.scenarios} == {"A", "B"}
    assert plan.scenarios[2].steps[0].fault_id == "A.1"


def test_once_has_no_number(tmp_path: Path) -> None:
    """Without repeats a scenario is called by its id."""
    assert keys(made(tmp_path, Selection(repeat=1))) == ["A", "B", "C"]


def test_scenarios_with_overlays_come_last_and_together(tmp_path: Path) -> None:
    """The lab changes its compose files once, also when everything is repeated."""
    plan = made(tmp_path, Selection(repeat=2), "o.yml")
    assert keys(plan) == ["A#1", "B#1", "C#1", "A#2", "B#2", "C#2", "O#1", "O#2"]
    assert [len(session) for session in plan.sessions] == [6, 2]
    assert [session[0].overlays for session in plan.sessions] == [(), ("o.yml",)]


def test_a_suite_is_checked_on_the_lab_that_its_overlays_make(tmp_path: Path) -> None:
    """A target that only the overlay brings is known to its suite."""
    spec = lab()
    extra = spec.services["mock-worker"].model_copy(update={"name": "redis-replica"})
    overlaid = spec.model_copy(update={"services": {**spec.services, "redis-replica": extra}})
    value = suite(scenario(faults=[{"type": "crash", "target": "redis-replica"}]), overlays=["ha.yml"])
    read = parsed(tmp_path, json.loads(json.dumps(value)))
    plan = make_plan([read], spec, "quick", 1, Selection(), {("ha.yml",): overlaid})
    assert plan.scenarios[0].targets == ("redis-replica",)
