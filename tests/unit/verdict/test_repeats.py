"""Repeats put together: median, spread, interval, flakiness."""

import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoslab.model.result import FoundRepeats
from chaoslab.verdict.repeats import median_interval, repeats, spread
from unit.report.results import run, scenario

TIMES = st.lists(st.floats(0, 1e6), min_size=3, max_size=20)


def together(*results: tuple[str, float | None]) -> FoundRepeats:
    """Put repeats of one scenario together, each a verdict and a time to recover (None: rode out)."""
    made = [
        scenario(
            verdict, f"A#{number}", time_to_recover_ms=time, recovery="recovered" if time is not None else "rode_out"
        )
        for number, (verdict, time) in enumerate(results, 1)
    ]
    (found,) = repeats(made, 7)
    return found


def test_numbers() -> None:
    """Median, quartile distance, extremes and counts are those of the repeats that recovered."""
    found = together(("PASS", 100.0), ("PASS", 300.0), ("PASS", 200.0), ("PASS", 400.0), ("PASS", None))
    assert (found.id, found.n, found.recovered, found.rode_out) == ("A", 5, 4, 1)
    assert (found.median_ms, found.min_ms, found.max_ms, found.spread_ms) == (250, 100, 400, 150)
    assert found.interval_ms is not None
    assert found.interval_ms[0] <= 250 <= found.interval_ms[1]


def test_no_numbers() -> None:
    """What always rode it out has no time to recover, and is steady."""
    found = together(("PASS", None), ("PASS", None))
    assert (found.median_ms, found.spread_ms, found.interval_ms, found.flaky) == (None, None, None, False)


@pytest.mark.parametrize(
    ("verdicts", "flaky"),
    [
        (("PASS", "PASS"), False),
        (("FAIL", "FAIL"), False),
        (("PASS", "FAIL"), True),
        (("PASS", "WARN"), True),
        (("PASS", "INCONCLUSIVE"), True),
        (("PASS", "NOT RUN"), False),
    ],
)
def test_flaky_is_a_verdict_that_differs(verdicts: tuple[str, ...], flaky: bool) -> None:
    """A scenario whose verdict differs between repeats is flaky; a repeat that never ran says nothing."""
    assert together(*((verdict, 1.0) for verdict in verdicts)).flaky is flaky


def test_a_run_without_repeats_has_none() -> None:
    """Plain results are not put together."""
    assert run(scenario()).repeats == ()


def test_a_run_with_repeats_has_them_by_scenario() -> None:
    """The run's result holds one entry per scenario, in order; any FAIL decides the exit code."""
    made: list[Any] = [scenario(v, k) for v, k in (("PASS", "B#1"), ("PASS", "A#1"), ("FAIL", "B#2"), ("PASS", "A#2"))]
    result = run(*made)
    assert [(one.id, one.flaky) for one in result.repeats] == [("B", True), ("A", False)]
    assert result.exit_code == 1


@given(TIMES)
def test_the_interval_holds_the_median(times: list[float]) -> None:
    """The bootstrap interval lies within the values, and around their median."""
    interval = median_interval(times, "7:A")
    assert interval is not None
    assert min(times) <= interval[0] <= statistics.median(times) <= interval[1] <= max(times)


def test_the_interval_is_reproducible_and_narrows() -> None:
    """The same seed gives the same interval; ten times the values give a narrower one."""
    few = [float(value) for value in range(0, 100, 20)]
    many = [float(value) for value in range(0, 100, 2)]
    assert median_interval(few, "1:A") == median_interval(few, "1:A")
    narrow, wide = median_interval(many, "1:A"), median_interval(few, "1:A")
    assert narrow is not None
    assert wide is not None
    assert narrow[1] - narrow[0] < wide[1] - wide[0]


def test_too_few() -> None:
    """Two values have no interval, one has no spread."""
    assert median_interval([1.0, 2.0], "1:A") is None
    assert spread([1.0]) is None
