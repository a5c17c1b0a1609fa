"""Expectations and stop conditions are checked against the catalogue of measures."""

from pathlib import Path
from typing import Any

import pytest

from unit.parse.words import parsed_scenario, problems, scenario, suite

AVAILABILITY = {"measure": "availability", "of": "p"}


@pytest.mark.parametrize(
    ("expectation", "problem"),
    [
        ({"measure": "availability", "min": 1}, ': measure "availability" needs the key "of" (name a probe)'),
        ({"measure": "restarts", "max": 1}, ': measure "restarts" needs the key "of" (name a service)'),
        ({"measure": "lost", "of": "p", "max": 0}, '.of: measure "lost" takes no "of" (remove it)'),
        (
            {"measure": "recovery_seconds", "phase": "during", "max": 1},
            '.phase: measure "recovery_seconds" is not known per phase "during" (remove it)',
        ),
        (
            {**AVAILABILITY, "phase": "later", "min": 1},
            '.phase: must be before, during or after, not "later"',
        ),
        ({"measure": "status", "of": "p", "max": 0}, ': measure "status" needs the key "name" (What status is.)'),
        ({**AVAILABILITY, "name": "x", "min": 1}, '.name: measure "availability" takes no "name" (remove it)'),
        (
            {"measure": "lost"},
            ": no bound is given (add one of min, max, equals, warn_above, warn_below)",
        ),
        ({"measure": "lost", "max": -1}, ".max: must be at least 0: no measure is negative"),
        ({"measure": "lost", "max": "0"}, '.max: must be a number, not "0"'),
        ({"measure": "lost", "min": 2, "max": 1}, ".min: min 2 is above max 1 (nothing can be both)"),
        ({"measure": "lost", "equals": 2, "max": 3}, ".equals: equals stands alone (remove the other bounds)"),
        ({**AVAILABILITY, "min": 95}, ".min: must be at most 1: availability is a share (write 0.95 for 95%)"),
        (
            {"measure": "recovery_seconds", "max": 5, "warn_above": 5},
            ".warn_above: warn_above 5 is not below max 5: it could never warn",
        ),
        (
            {**AVAILABILITY, "min": 0.9, "warn_below": 0.8},
            ".warn_below: warn_below 0.8 is not above min 0.9: it could never warn",
        ),
        ({**AVAILABILITY, "warn_above": 0.5}, ".warn_above: availability is better when higher (use warn_below)"),
        ({"measure": "lost", "warn_below": 5}, ".warn_below: lost is worse when higher (use warn_above)"),
        ({"measure": "lost", "max": 0, "of_kind": "probe"}, ".of_kind: unknown key"),
        ({"max": 0}, ': the key "measure" is missing'),
        ({"measure": "lost", "max": 0, "reduce": "max"}, '.reduce: measure "lost" takes no "reduce" (remove it)'),
        ({"measure": "lost", "max": 0, "across": "sum"}, '.across: measure "lost" takes no "across" (remove it)'),
        ({"measure": "metric", "of": "s", "name": "m", "max": 0, "reduce": "median"}, ".reduce: must be "),
        ({"measure": "metric", "of": "s", "max": 0}, ': measure "metric" needs the key "name"'),
        ({"measure": "log_matches", "of": "s", "name": "(", "max": 0}, ".name: is no regular expression: missing )"),
    ],
)
def test_wrong_expectations(tmp_path: Path, expectation: dict[str, Any], problem: str) -> None:
    """What a measure does not allow is told at the expectation's place."""
    found = problems(tmp_path, suite(scenario(expect=[expectation])))
    assert len(found) == 1
    assert found[0].startswith(f"$.scenarios[0].expect[0]{problem}")


@pytest.mark.parametrize(
    ("expectation", "kind"),
    [
        ({**AVAILABILITY, "min": 0.9, "warn_below": 0.99}, "probe"),
        ({**AVAILABILITY, "phase": "after", "equals": 1}, "probe"),
        ({"measure": "restarts", "of": "w", "min": 1, "max": 1}, "service"),
        ({"measure": "status", "of": "p", "name": "503", "max": 0.5}, "probe"),
        ({"measure": "recovery_seconds", "max": 5, "warn_above": 2}, "probe"),
        ({"measure": "lost", "max": 0}, None),
        (
            {"measure": "metric", "of": "s", "name": "m", "equals": 1, "reduce": "min", "across": "max"},
            "service with metrics",
        ),
        ({"measure": "log_matches", "of": "s", "name": "a|b", "max": 0}, "service"),
    ],
)
def test_right_expectations(tmp_path: Path, expectation: dict[str, Any], kind: str | None) -> None:
    """What the catalogue allows passes, and the catalogue's word on `of` goes along for the plan."""
    read = parsed_scenario(tmp_path, scenario(expect=[expectation])).expect[0]
    assert read.measure == expectation["measure"]
    assert read.of_kind == kind


@pytest.mark.parametrize(
    ("stop", "problem"),
    [
        (AVAILABILITY, ': no limit is given (add "below" or "above")'),
        ({**AVAILABILITY, "below": 0.1, "for_seconds": 0}, ".for_seconds: must be more than 0, not 0"),
        (
            {"measure": "restarts", "of": "w", "above": 3},
            '.measure: measure "restarts" is not known while a scenario runs (use availability or p95_ms)',
        ),
        (
            {"measure": "status", "of": "p", "above": 0.5},
            '.measure: measure "status" is not known while a scenario runs (use availability or p95_ms)',
        ),
        ({"measure": "p95", "of": "p", "above": 3}, '.measure: unknown measure "p95" (did you mean "p95_ms"?)'),
        ({"measure": "availability", "below": 0.1}, ': the key "of" is missing'),
    ],
)
def test_wrong_stop_conditions(tmp_path: Path, stop: dict[str, Any], problem: str) -> None:
    """A stop condition needs a measure that is known while the scenario runs, and a limit."""
    assert problems(tmp_path, suite(scenario(abort_when=[stop]))) == [f"$.scenarios[0].abort_when[0]{problem}"]
