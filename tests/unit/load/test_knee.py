"""Where the system broke while load grew."""

import pytest

from chaoslab.model.load import SHED
from chaoslab.model.load_pattern import Breaks
from chaoslab.verdict.load.knee import find_break
from unit.load.made import Answer, recording

LIMITS = Breaks(p95_ms=200)


def growing(at: float) -> float:
    """50 requests a second more every second."""
    return 50 + 50 * at


def test_the_knee_is_the_most_before_the_p95_leaves_its_limit() -> None:
    """From 6 s on answers take 300 ms: 325 to 375 a second were good before."""
    found = find_break(recording(10, growing, lambda at: (300 if at >= 6 else 60, 200)), LIMITS)
    assert found is not None
    assert (found.broke, found.at_seconds, found.users) == (True, 6.0, 10)
    assert found.knee_rate == pytest.approx(325, abs=10)
    assert found.how == "p95 300 ms, limit 200 ms"


def test_what_is_refused_breaks_it_too() -> None:
    """A third shed and a tenth failing are named with their shares."""

    def answer(at: float) -> Answer:
        number = int(at * 1000) % 10
        return 20, 200 if at < 4 or number > 3 else "refused" if number == 0 else SHED

    found = find_break(recording(8, 400, answer), LIMITS)
    assert found is not None
    assert found.broke
    assert found.at_seconds == 4.0
    assert "shed and " in found.how
    assert found.how.endswith("failed")


def test_a_hiccup_is_no_break() -> None:
    """One slow second at the start, with good ones after it, is passed over."""
    found = find_break(recording(12, growing, lambda at: (300 if at < 1 or at >= 9 else 60, 200)), LIMITS)
    assert found is not None
    assert found.at_seconds == 9.0


def test_one_good_slice_among_broken_ones_does_not_count() -> None:
    """Only two good slices in a row show that it was not broken."""
    found = find_break(recording(12, growing, lambda at: (60 if at < 5 or 7 <= at < 8 else 300, 200)), LIMITS)
    assert found is not None
    assert found.at_seconds == 5.0


def test_what_never_breaks_says_how_far_it_got() -> None:
    """The knee is then the most that was seen, and said to be no break."""
    found = find_break(recording(10.5, growing), LIMITS)
    assert found is not None
    assert not found.broke
    assert found.knee_rate == pytest.approx(525, abs=10)
    assert found.how == ""


def test_broken_from_the_start_there_is_no_knee() -> None:
    """Nothing good came before: the knee is 0."""
    found = find_break(recording(5, 100, lambda _at: (10, "refused")), LIMITS)
    assert found is not None
    assert (found.broke, found.knee_rate, found.how) == (True, 0.0, "100% failed")


def test_nothing_is_looked_for_after_the_load_falls() -> None:
    """The search ends with the load's growth; without requests nothing is found."""
    found = find_break(recording(10, 100, lambda at: (300 if at > 6 else 60, 200)), LIMITS, end=6)
    assert found is not None
    assert not found.broke
    assert find_break(recording(0, 100), LIMITS) is None
