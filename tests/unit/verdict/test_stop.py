"""Stop conditions over the newest samples."""

import pytest

from chaoslab.model.suite import StopCondition
from chaoslab.verdict.stop import breached
from unit.verdict.made import MS, TASKS, WEB, between, lab, series, stream


def asked(
    condition: StopCondition, now: int, *, down: tuple[int, int] = (5000, 99_000), end: int = 20_000
) -> float | None:
    """Ask a condition at an instant of a stream that is down from 5 s on."""
    samples = series(stream(0, end, 5, between(*down)), stream(0, end, 100, probe="tasks"))
    so_far = {name: [one for one in part if one.finished_ns <= now * MS] for name, part in samples.items()}
    return breached(condition, so_far, lab(WEB, TASKS), now * MS)


AVAILABILITY = StopCondition(measure="availability", of="web", below=0.05, for_seconds=3)


def test_a_condition_must_hold_for_its_whole_time() -> None:
    """Below 0.05 over the newest three seconds: not after one second of outage, but after three."""
    assert asked(AVAILABILITY, 6000) is None
    assert asked(AVAILABILITY, 7800) is None
    assert asked(AVAILABILITY, 8000) == pytest.approx(0, abs=0.01)


def test_nothing_is_known_before_enough_was_observed() -> None:
    """A condition over three seconds cannot be reached within the first three."""
    assert asked(AVAILABILITY, 2000, down=(0, 9000)) is None
    assert asked(StopCondition(measure="errors", of="web", above=1, for_seconds=3), 2000, down=(0, 9000)) is None
    assert asked(AVAILABILITY, 4000, down=(0, 9000)) == 0


def test_the_other_measures_that_may_stop() -> None:
    """Errors, samples, latencies and distinct values over the moving window."""
    assert asked(StopCondition(measure="errors", of="web", above=100, for_seconds=1), 8000) == pytest.approx(200, abs=1)
    assert asked(StopCondition(measure="samples", of="tasks", below=5, for_seconds=1), 8000) is None
    assert asked(StopCondition(measure="p95_ms", of="tasks", above=0.5, for_seconds=1), 8000) == 1
    assert asked(StopCondition(measure="distinct", of="tasks", below=1, for_seconds=1), 8000) == 0


def test_unknown_probes_and_measures_stop_nothing() -> None:
    """What cannot be measured is no reason to stop."""
    assert asked(StopCondition(measure="availability", of="nobody", below=1), 8000) is None
    assert asked(StopCondition(measure="status", of="web", below=1), 8000) is None
