"""A campaign's faults are drawn by the seed alone, within the blast radius, one after another, on what may be touched."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chaoslab.errors import InputError
from chaoslab.faults.http import HttpSpec, UndoRequest
from chaoslab.model.lab import LabSpec
from chaoslab.model.plan import PlannedScenario
from chaoslab.model.suite import Campaign, Scenario
from chaoslab.plan import Selection, describe, make_plan, text_rows
from chaoslab.plan.campaign import candidates, settled
from chaoslab.plan.check import scenario_problems
from chaoslab.plan.targets import blast_radius, link_of, target_of, touched
from unit.parse.words import CrashSpec, HangSpec, ToxicSpec, lab, parsed, problems, suite

LAB = lab()
READY = sorted(name for name, service in LAB.services.items() if service.chaos_ready)
CRASH = {"type": "crash", "target": "any"}
SLOW = {"type": "toxic", "toxic": "latency", "for_seconds": 20}
CAMPAIGN: dict[str, Any] = {"pick": 2, "max_targets": 3, "targets": ["mock-worker", "trader"], "faults": [CRASH, SLOW]}

TARGETS = st.sampled_from(["any", *READY])
FAULTS = st.one_of(
    st.builds(lambda target, count: CrashSpec(target=target, count=count), TARGETS, st.sampled_from([1, "50%", "all"])),
    st.builds(lambda target, hold: HangSpec(target=target, for_seconds=hold), TARGETS, st.floats(1, 60)),
    st.builds(lambda link: ToxicSpec(toxic="latency", link=link), st.sampled_from(sorted(LAB.links))),
)
CAMPAIGNS = st.builds(
    Campaign,
    pick=st.integers(1, 4),
    max_targets=st.integers(1, 8),
    gap_seconds=st.floats(0, 30),
    targets=st.lists(st.sampled_from(READY), min_size=1, unique=True).map(tuple),
    faults=st.lists(FAULTS, min_size=1, max_size=8).map(tuple),
)


def made(campaign: Campaign, id_: str = "C") -> Scenario:
    """Make a scenario of a campaign."""
    return Scenario(id=id_, name="c", campaign=campaign)


def drawn(campaign: Campaign, seed: int, spec: LabSpec = LAB) -> Scenario:
    """Draw its faults, if any draw fits."""
    scenario, found = settled(made(campaign), spec, seed)
    assume(not found)
    return scenario


@settings(max_examples=200)
@given(CAMPAIGNS, st.integers(0, 2**31))
def test_every_draw_keeps_within(campaign: Campaign, seed: int) -> None:
    """Exactly `pick` faults of those named, each elsewhere, on chaos-ready services only, never beyond the blast radius."""
    scenario = drawn(campaign, seed)
    assert len(scenario.faults) == campaign.pick
    assert scenario.campaign is None
    assert blast_radius(scenario, LAB) <= campaign.max_targets
    services = [target for fault in scenario.faults if (target := target_of(fault))]
    links = [link for fault in scenario.faults if (link := link_of(fault))]
    ends = {end for link in links for end in (LAB.links[link].client, LAB.links[link].server)}
    assert len({*services, *links}) == campaign.pick
    assert not ends & {*services}
    assert all(LAB.services[service].chaos_ready for service in touched(scenario, LAB))
    could = [candidate.fault for candidate in candidates(campaign)]
    assert all(fault.model_copy(update={"at_seconds": 0.0}) in could for fault in scenario.faults)


@settings(max_examples=100)
@given(CAMPAIGNS, st.integers(0, 2**31))
def test_the_same_seed_draws_the_same(campaign: Campaign, seed: int) -> None:
    """Nothing but seed, scenario and lab decides."""
    assert drawn(campaign, seed) == drawn(campaign, seed)


@settings(max_examples=100)
@given(CAMPAIGNS, st.integers(0, 2**31))
def test_one_after_another(campaign: Campaign, seed: int) -> None:
    """Each begins the gap after the one before has ended."""
    faults = drawn(campaign, seed).faults
    assert faults[0].at_seconds == 0
    for before, after in pairwise(faults):
        assert after.at_seconds == pytest.approx(before.at_seconds + before.hold_seconds() + campaign.gap_seconds)


@settings(max_examples=100)
@given(CAMPAIGNS, st.integers(0, 2**31), st.integers(0, 2**31))
def test_whether_a_draw_fits_is_no_matter_of_chance(campaign: Campaign, one: int, other: int) -> None:
    """A campaign that can be drawn with one seed can be drawn with every seed."""
    assert bool(settled(made(campaign), LAB, one)[1]) == bool(settled(made(campaign), LAB, other)[1])


def test_other_seeds_and_other_scenarios_draw_others() -> None:
    """Over some seeds every candidate comes up, and two scenarios of a run do not draw alike."""
    campaign = Campaign(
        pick=1,
        max_targets=4,
        targets=("mock-worker", "trader"),
        faults=(CrashSpec(target="any"), HangSpec(target="redis")),
    )
    seeds = range(40)
    first = [settled(made(campaign), LAB, seed)[0].faults[0] for seed in seeds]
    assert {target_of(fault) for fault in first} == {"mock-worker", "trader", "redis"}
    other = [settled(made(campaign, "D"), LAB, seed)[0].faults[0] for seed in seeds]
    assert first != other


def test_only_a_target_is_left_open() -> None:
    """A fault that names its service by another key is not drawn onto targets: its "any" is a service that there is not."""
    hook = HttpSpec(service="any", path="/a", undo=UndoRequest(path="/b"))
    campaign = Campaign(pick=1, max_targets=1, targets=("trader",), faults=(hook, CrashSpec(target="any")))
    assert [candidate.fault for candidate in candidates(campaign)] == [hook, CrashSpec(target="trader")]
    [found] = scenario_problems(made(campaign), LAB)
    assert found[:2] == (("campaign", "faults", 0, "service"), 'unknown target "any"')


def planned(
    folder: Path, campaign: dict[str, Any], seed: int = 1, **selection: Any
) -> tuple[PlannedScenario, list[str]]:
    """Plan one campaign; its rows for the console as well."""
    read = parsed(folder, suite({"id": "C-1", "name": "c", "campaign": campaign}))
    plan = make_plan([read], LAB, "quick", seed, Selection(**selection))
    return plan.scenarios[0], text_rows(plan, LAB)


def test_the_plan_prints_what_was_drawn(tmp_path: Path) -> None:
    """Steps, targets and undos are those of ordinary faults; one line says how they came about."""
    scenario, rows = planned(tmp_path, CAMPAIGN, seed=7)
    assert [step.fault_id for step in scenario.steps] == ["C-1.1", "C-1.2"]
    assert "  campaign    2 of 3 faults, drawn with seed 7" in rows
    assert sum(" inject " in row for row in rows) == 2
    assert all(step.fault.describe() in "\n".join(rows) for step in scenario.steps)
    assert "any" not in {target_of(step.fault) for step in scenario.steps}


def test_the_default_link_is_put_in_before_drawing(tmp_path: Path) -> None:
    """A toxic without a link is drawn onto the lab's default one."""
    scenario, _rows = planned(tmp_path, {"pick": 1, "max_targets": 1, "faults": [SLOW]})
    assert link_of(scenario.steps[0].fault) == LAB.default_link


def test_all_repeats_have_the_same(tmp_path: Path) -> None:
    """Otherwise their verdicts could not be compared."""
    read = parsed(tmp_path, suite({"id": "C-1", "name": "c", "campaign": CAMPAIGN}))
    plan = make_plan([read], LAB, "quick", 5, Selection(repeat=3))
    assert len({one.scenario.model_dump_json() for one in plan.scenarios}) == 1
    told = describe(plan, LAB)["scenarios"]
    assert {one["campaign"] for one in told} == {"2 of 3 faults, drawn with seed 5"}


def test_a_run_s_own_limit_holds_as_well(tmp_path: Path) -> None:
    """--max-targets refuses a draw that is beyond it."""
    with pytest.raises(InputError, match="1 are allowed"):
        planned(tmp_path, CAMPAIGN, max_targets=1)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"max_targets": 1},
            ".campaign: no 2 of its 3 faults, each elsewhere, touch at most 1 targets (lower pick, raise max_targets or name more",
        ),
        ({"pick": 4, "max_targets": 9}, ".campaign: no 4 of its 3 faults"),
        ({"targets": ["mock-worker", "toxiproxy"]}, '.campaign.targets[1]: service "toxiproxy" is not chaos-ready'),
        (
            {"targets": ["mock-wroker"]},
            '.campaign.targets[0]: unknown target "mock-wroker" (did you mean "mock-worker"?)',
        ),
        ({"faults": [{**CRASH, "count": 3}]}, '.campaign.faults[0].count: 3 replicas of "trader" are asked, it has 2'),
        ({"faults": [CRASH, {**SLOW, "link": "x"}]}, '.campaign.faults[1].link: unknown link "x"'),
    ],
)
def test_what_no_seed_could_draw(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    """Everything that could be drawn is checked, at its place in the file, whatever the seed would draw."""
    told = set()
    for seed in range(3):
        with pytest.raises(InputError) as caught:
            planned(tmp_path, {**CAMPAIGN, **changes}, seed)
        told.add(
            tuple(
                f".{one.path.partition('.scenarios[0].')[2]}: {one.message} ({one.remedy})"
                for one in caught.value.problems
            )
        )
    [found] = told
    assert found[0].startswith(problem)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"campaign": 3}, "$.scenarios[0].campaign: must be an object, not 3"),
        ({"campaign": {**CAMPAIGN, "pikc": 1}}, '$.scenarios[0].campaign.pikc: unknown key (did you mean "pick"?)'),
        ({"campaign": {"pick": 1, "max_targets": 1}}, '$.scenarios[0].campaign: the key "faults" is missing'),
        ({"campaign": {**CAMPAIGN, "faults": []}}, "$.scenarios[0].campaign.faults: must hold at least 1"),
        (
            {"campaign": {**CAMPAIGN, "faults": [SLOW]}},
            '$.scenarios[0].campaign.targets: no fault of the campaign says "target": "any" (write it, or remove the targets)',
        ),
        (
            {"campaign": {**CAMPAIGN, "targets": []}},
            '$.scenarios[0].campaign.faults[0].target: "target": "any" needs targets to draw from (add "targets" to the campaign)',
        ),
        (
            {"campaign": {**CAMPAIGN, "faults": [CRASH, {**SLOW, "at_seconds": 3}]}},
            "$.scenarios[0].campaign.faults[1].at_seconds: a campaign has its faults one after another (use gap_seconds)",
        ),
        (
            {"campaign": CAMPAIGN, "faults": [SLOW]},
            '$.scenarios[0].faults: a campaign draws its faults itself (remove either "faults" or "campaign")',
        ),
        (
            {"campaign": {**CAMPAIGN, "faults": [{**CRASH, "singal": "SIGTERM"}]}},
            '$.scenarios[0].campaign.faults[0].singal: unknown key (did you mean "signal"?)',
        ),
    ],
)
def test_a_campaign_that_cannot_be_read(tmp_path: Path, value: dict[str, Any], problem: str) -> None:
    """One wrong thing is one problem, at its place."""
    assert problems(tmp_path, suite({"id": "C-1", "name": "c", **value})) == [problem]
