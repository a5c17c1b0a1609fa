"""Every shipped suite is parsed and planned on the recorded lab."""

from pathlib import Path

import pytest

from chaoslab.faults.catalog import spec_types
from chaoslab.model.suite import Suite
from chaoslab.model.vocabulary import Vocabulary
from chaoslab.parse import parse_suites
from chaoslab.plan import Selection, make_plan
from chaoslab.verdict.measures import measure_specs
from unit.parse.words import lab, overlaid

SCENARIOS = Path(__file__).parents[3] / "scenarios"


@pytest.fixture(scope="module")
def suites() -> tuple[Suite, ...]:
    """All shipped suites, with the real faults and measures."""
    return parse_suites([SCENARIOS], Vocabulary(spec_types(), measure_specs()))


def test_ten_scenarios_by_default(suites: tuple[Suite, ...]) -> None:
    """A plain run has the ten scenarios of the two default suites, with their full durations."""
    chosen = [suite for suite in suites if suite.default]
    full = make_plan(chosen, lab(), "full", 1, Selection(), overlaid())
    names = [f"{kind}-00{number}" for kind in ("NF", "WC") for number in range(1, 6)]
    assert [planned.key for planned in full.scenarios] == names
    assert [planned.hold_seconds for planned in full.scenarios[:5]] == [30, 60, 45, 60, 30]


def test_quick_takes_minutes(suites: tuple[Suite, ...]) -> None:
    """In the quick profile windows alone take under two minutes for the default suites, under eight for all, whatever recovery takes."""
    for chosen, most in (([suite for suite in suites if suite.default], 120), (suites, 480)):
        quick = make_plan(chosen, lab(), "quick", 1, Selection(), overlaid())
        assert all(
            step.hold_seconds <= max(5, step.fault.least_hold_seconds())
            for planned in quick.scenarios
            for step in planned.steps
        )
        windows = [one.baseline_seconds + one.hold_seconds + one.stable_seconds for one in quick.scenarios]
        assert sum(windows) < most


def test_each_scenario_says_what_it_promises(suites: tuple[Suite, ...]) -> None:
    """Each shipped scenario has tags, prose, and expectations that include losses and recovery."""
    for suite in suites:
        for scenario in suite.scenarios:
            measures = {ask.measure for ask in scenario.expect}
            assert scenario.tags, scenario.id
            assert scenario.description, scenario.id
            assert scenario.expected_behavior, scenario.id
            assert {"lost", "recovery_seconds"} <= measures, scenario.id


def test_every_undo_is_said(suites: tuple[Suite, ...]) -> None:
    """Every step of every shipped scenario says how it is put back."""
    for planned in make_plan(suites, lab(), "quick", 1, Selection(), overlaid()).scenarios:
        assert all(step.fault.undoes() for step in planned.steps)
