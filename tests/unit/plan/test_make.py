"""Suites and a lab become a plan, or every reason why not."""

from pathlib import Path
from typing import Any

import pytest

from chaoslab.errors import InputError
from chaoslab.model.lab import LabSpec, Metrics
from chaoslab.model.plan import Plan
from chaoslab.model.suite import Suite
from chaoslab.plan import Selection, describe, make_plan, text_rows
from unit.parse.words import lab, parsed, scenario, suite

CRASH = {"type": "crash", "target": "mock-worker"}
TOXIC = {"type": "toxic", "toxic": "latency", "link": "hive-proxy", "for_seconds": 60}
SHORT_TOXIC = {"id": "S", "name": "s", "toxic": "latency"}
SHORT_CRASH = {"id": "S", "name": "s", "signal": "SIGKILL"}
EVERYTHING = Selection()


def plan(folder: Path, value: Any, selection: Selection = EVERYTHING, spec: LabSpec | None = None) -> Plan:
    """Plan one file's value with the quick profile."""
    return make_plan([parsed(folder, value)], spec or lab(), "quick", 1, selection)


def problems(folder: Path, value: Any, selection: Selection = EVERYTHING, spec: LabSpec | None = None) -> list[str]:
    """List what keeps one file's value from being planned."""
    with pytest.raises(InputError) as caught:
        plan(folder, value, selection, spec)
    return [str(problem).removeprefix(f"{folder / 'suite.json'}: ") for problem in caught.value.problems]


def test_worst_case(tmp_path: Path) -> None:
    """The longest a scenario can take is baseline, last revert, waits of its faults, recovery deadline and stability."""
    faults = [{**TOXIC}, {**CRASH, "at_seconds": 12, "signal": "SIGTERM", "timeout_seconds": 7}]
    value = suite(scenario(faults=faults, recovery_deadline_seconds=30), scenario(id="B", faults=[TOXIC]))
    made = plan(tmp_path, value)
    assert made.scenarios[0].worst_case_seconds == pytest.approx(2 + 5 + (1 + 8) + 30 + 2)
    assert made.worst_case_seconds == pytest.approx(48 + 2 + 5 + 1 + 60 + 2)
    assert (made.profile, made.seed) == ("quick", 1)


def test_targets_are_services(tmp_path: Path) -> None:
    """A planned scenario names the services that it can leave broken: targets, and both ends of links."""
    value = suite(scenario(faults=[TOXIC, CRASH, {**TOXIC, "link": "queen-proxy"}]))
    assert plan(tmp_path, value).scenarios[0].targets == ("mock-worker", "queen-rbee", "rbee-hive")


def test_the_default_link_is_put_in(tmp_path: Path) -> None:
    """`default`, and a short form without a link, become the lab's default link."""
    for written in (SHORT_TOXIC, scenario(faults=[{"type": "toxic", "toxic": "latency"}])):
        step = plan(tmp_path, suite(written)).scenarios[0].steps[0]
        assert step.fault.describe() == "latency on hive-proxy"


def test_no_default_link(tmp_path: Path) -> None:
    """Without a default_link in the lab, a fault without a link is a problem."""
    spec = lab().model_copy(update={"default_link": None})
    reason = "no link is named and the lab has no default_link (add link, or default_link to the x-chaoslab block)"
    normal = scenario(faults=[{"type": "toxic", "toxic": "latency"}])
    assert problems(tmp_path, suite(SHORT_TOXIC), spec=spec) == [f"$.scenarios[0]: {reason}"]
    assert problems(tmp_path, suite(normal), spec=spec) == [f"$.scenarios[0].faults[0].link: {reason}"]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (
            scenario(faults=[TOXIC, {**TOXIC, "link": "hive-prxy"}]),
            '.faults[1].link: unknown link "hive-prxy" (did you mean "hive-proxy"?)',
        ),
        (
            {**SHORT_TOXIC, "proxy": "nope"},
            '.proxy: unknown link "nope" (known: hive-proxy, queen-postgres-proxy, queen-proxy, ',
        ),
        ({**SHORT_TOXIC, "link": "hiveproxy"}, '.link: unknown link "hiveproxy" (did you mean "hive-proxy"?)'),
        (
            scenario(faults=[{**CRASH, "target": "mok-worker"}]),
            '.faults[0].target: unknown target "mok-worker" (did you mean "mock-worker"?)',
        ),
        ({**SHORT_CRASH, "target": "worker"}, '.target: unknown target "worker" (did you mean "mock-worker"?)'),
        (
            {**SHORT_CRASH, "target": "toxiproxy"},
            (
                '.target: service "toxiproxy" is not chaos-ready'
                ' (only services with the label chaoslab.chaos-ready: "true" are ever touched)'
            ),
        ),
        (
            scenario(faults=[{**CRASH, "count": 5}]),
            '.faults[0].count: 5 replicas of "mock-worker" are asked, it has 4 (at most 4, or "all")',
        ),
        (
            scenario(expect=[{"measure": "availability", "of": "task", "min": 1}]),
            '.expect[0].of: unknown probe "task" (did you mean "tasks"?)',
        ),
        (
            scenario(expect=[{"measure": "restarts", "of": "tasks", "max": 1}]),
            '.expect[0].of: unknown service "tasks" (known: ',
        ),
        (
            scenario(expect=[{"measure": "metric", "of": "redis", "name": "up", "equals": 1}]),
            '.expect[0].of: unknown service with metrics "redis" (',
        ),
        (
            scenario(abort_when=[{"measure": "availability", "of": "redis", "below": 0.1}]),
            '.abort_when[0].of: unknown probe "redis" (did you mean "redis-ping"?)',
        ),
    ],
)
def test_what_the_lab_does_not_have(tmp_path: Path, written: dict[str, Any], problem: str) -> None:
    """Unknown targets, links and probes are told at the place where the file names them."""
    found = problems(tmp_path, suite(written))
    assert len(found) == 1
    assert found[0].startswith(f"$.scenarios[0]{problem}")


def test_timings_are_triggers_of_the_lab(tmp_path: Path) -> None:
    """A timing needs a trigger of that name, except `random`."""
    spec = lab().model_copy(update={"triggers": {}})
    assert plan(tmp_path, suite(scenario(faults=[{**CRASH, "timing": "random"}])), spec=spec).scenarios
    crash = {**CRASH, "timing": "during_inference"}
    assert problems(tmp_path, suite(scenario(faults=[crash])), spec=spec) == [
        '$.scenarios[0].faults[0].timing: the lab declares no trigger "during_inference" (known: random)'
    ]


def test_a_service_without_replicas(tmp_path: Path) -> None:
    """A service scaled to nothing cannot be broken."""
    spec = lab()
    nobody = spec.services["mock-worker"].model_copy(update={"replicas": 0})
    spec = spec.model_copy(update={"services": {**spec.services, "mock-worker": nobody}})
    assert problems(tmp_path, suite(scenario(faults=[CRASH])), spec=spec)[0].startswith(
        '$.scenarios[0].faults[0].target: service "mock-worker" has no replicas'
    )


def test_all_problems_of_all_suites(tmp_path: Path) -> None:
    """Every scenario of every suite is checked before anything is said."""
    value = suite(scenario(faults=[{**CRASH, "target": "x"}, {**TOXIC, "link": "y"}]), scenario(id="B", faults=[CRASH]))
    first: Suite = parsed(tmp_path, value)
    second = first.model_copy(update={"file": "other.json"})
    with pytest.raises(InputError) as caught:
        make_plan([first, second], lab(), "full", 1, EVERYTHING)
    assert [(problem.file, problem.path) for problem in caught.value.problems] == [
        (str(tmp_path / "suite.json"), "$.scenarios[0].faults[0].target"),
        (str(tmp_path / "suite.json"), "$.scenarios[0].faults[1].link"),
        ("other.json", "$.scenarios[0].faults[0].target"),
        ("other.json", "$.scenarios[0].faults[1].link"),
    ]


THREE = suite(
    scenario(id="NF-1", tags=["network", "smoke"], faults=[TOXIC]),
    scenario(id="NF-2", tags=["network"], faults=[TOXIC]),
    scenario(id="WC-1", tags=["worker", "smoke"], faults=[CRASH]),
)


@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (Selection(), ["NF-1", "NF-2", "WC-1"]),
        (Selection(only=("NF-2",)), ["NF-2"]),
        (Selection(only=("NF-*",)), ["NF-1", "NF-2"]),
        (Selection(only=("smoke",)), ["NF-1", "WC-1"]),
        (Selection(tags=("smoke",)), ["NF-1", "WC-1"]),
        (Selection(only=("NF-*",), tags=("smoke",)), ["NF-1"]),
        (Selection(skip=("network",)), ["WC-1"]),
        (Selection(tags=("smoke",), skip=("WC-1",)), ["NF-1"]),
    ],
)
def test_selection(tmp_path: Path, selection: Selection, ids: list[str]) -> None:
    """Scenarios are chosen by id, tag or pattern; skip goes before the others."""
    assert [planned.key for planned in plan(tmp_path, THREE, selection).scenarios] == ids


@pytest.mark.parametrize(
    ("selection", "problem"),
    [
        (Selection(only=("NF-3",)), '--only: "NF-3" matches no scenario (did you mean "NF-'),
        (Selection(tags=("NF-1",)), '--tags: "NF-1" matches no scenario (known: network, smoke, worker)'),
        (Selection(skip=("smok",)), '--skip: "smok" matches no scenario (did you mean "smoke"?)'),
        (
            Selection(only=("NF-1",), skip=("network",)),
            "selection: none of the 3 scenarios is left to run (loosen --only, --tags or --skip)",
        ),
    ],
)
def test_selections_that_select_nothing(tmp_path: Path, selection: Selection, problem: str) -> None:
    """A name that matches nothing, and a selection that leaves nothing, are problems, not an empty success."""
    found = problems(tmp_path, THREE, selection)
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_only_what_runs_is_checked(tmp_path: Path) -> None:
    """A scenario that does not run may name what this lab does not have."""
    value = suite(scenario(faults=[CRASH]), scenario(id="B", faults=[{**CRASH, "target": "elsewhere"}]))
    assert plan(tmp_path, value, Selection(skip=("B",))).scenarios[0].key == "A-1"


@pytest.mark.parametrize(
    ("faults", "radius"),
    [
        ([CRASH], 1),
        ([{**CRASH, "count": "50%"}], 2),
        ([{**CRASH, "count": "51%"}], 3),
        ([{**CRASH, "count": "1%"}], 1),
        ([{**CRASH, "count": "all"}], 4),
        ([{**CRASH, "count": 2}, {"type": "hang", "target": "mock-worker", "count": 3}], 3),
        ([TOXIC, TOXIC], 1),
        ([TOXIC, {**TOXIC, "link": "queen-proxy"}, CRASH], 3),
    ],
)
def test_blast_radius(tmp_path: Path, faults: list[dict[str, Any]], radius: int) -> None:
    """The blast radius counts replicas and links, each once; --max-targets refuses what is above it."""
    value = suite(scenario(faults=faults))
    assert plan(tmp_path, value, Selection(max_targets=radius)).scenarios
    found = problems(tmp_path, value, Selection(max_targets=radius - 1))
    assert found[0].startswith(f"$.scenarios[0]: touches {radius} targets (")
    assert found[0].endswith(f"{radius - 1} are allowed (raise --max-targets or lower count)")


def test_describe(tmp_path: Path) -> None:
    """A plan is told with targets, timeline, undo of each step, worst case and blast radius, as data and as text."""
    crash = {**CRASH, "count": "50%", "at_seconds": 30}
    made = plan(tmp_path, suite(scenario(faults=[TOXIC, crash])))
    told = describe(made, lab())["scenarios"][0]
    assert told["targets"] == ["mock-worker (2 of 4)", "link hive-proxy (queen-rbee -> rbee-hive)"]
    assert told["blast_radius"] == 3
    assert told["undo"] == [
        {"fault": "A-1.1", "steps": ["remove toxic latency from hive-proxy"]},
        {"fault": "A-1.2", "steps": ["ensure running mock-worker"]},
    ]
    assert [(entry["at_seconds"], entry["action"], entry["what"]) for entry in told["timeline"]] == [
        (-2.0, "baseline", "2 s"),
        (0.0, "inject", "A-1.1 latency on hive-proxy"),
        (2.5, "inject", "A-1.2 SIGKILL to mock-worker; takes up to 10 s"),
        (5.0, "revert", "A-1.1"),
        (5.0, "recovery", "until 2 s stable, at most 60 s"),
    ]
    text = "\n".join(text_rows(made, lab()))
    assert "t=   +5.00 s  revert    A-1.1 (+12.50 s if held up)" in text
    for part in ("t=   +2.50 s  inject    A-1.2", "blast radius 3", "undo A-1.1: remove toxic", "worst case  81.0 s"):
        assert part in text
    assert text.endswith("1 scenario, profile quick, windows 9 s, at most 81 s without setting up the lab")


def test_a_series_that_is_not_kept_is_told(tmp_path: Path) -> None:
    """What `keep` leaves out could never be measured."""
    spec = lab().model_copy(update={"metrics": {"mock-worker": Metrics(name="mock-worker", port=1, keep=("busy",))}})
    asks = [
        {"measure": "metric", "of": "mock-worker", "name": 'bsy{a="b"}', "max": 1},
        {"measure": "metric", "of": "mock-worker", "name": 'busy{a="b"}', "max": 1},
    ]
    found = problems(tmp_path, suite(scenario(expect=asks)), spec=spec)
    place, said = "$.scenarios[0].expect[0].name", 'metric "bsy" of mock-worker is not kept'
    assert found == [f'{place}: {said} (did you mean "busy"?; x-chaoslab.metrics names what is kept)']
