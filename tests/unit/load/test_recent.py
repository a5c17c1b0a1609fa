"""The last seconds of a pattern while it runs."""

import pytest

from chaoslab.load.recent import Recent
from chaoslab.model.load import SHED, LoadBatch, LoadRow
from chaoslab.model.load_pattern import Breaks
from chaoslab.verdict.intervals import NS_PER_SECOND
from unit.load.made import START_NS, TASK

LIMITS = Breaks(p95_ms=200, stop_after_seconds=3)


def filled(seconds: float, slow_from: float, outcome: int | str = 200) -> Recent:
    """Make 50 requests a second, told every 0.2 s; from `slow_from` on they take 300 ms."""
    recent = Recent(3)
    for number in range(int(seconds * 5)):
        at_ns = START_NS + number * NS_PER_SECOND // 5
        milliseconds = 300 if number / 5 >= slow_from else 50
        sent_ns = at_ns - milliseconds * 1_000_000
        recent.add(LoadBatch(at_ns, 8, tuple(LoadRow(TASK, sent_ns, milliseconds * 1000, outcome) for _ in range(10))))
    return recent


def test_the_numbers_are_those_of_the_last_second() -> None:
    """Users, answers per second and their p95; what is shed or fails only where there is some."""
    assert filled(5, 9).numbers() == "8 users, 50 answers/s, p95 50 ms"
    assert filled(5, 9, SHED).numbers() == "8 users, 0 answers/s, 100% shed"
    assert filled(5, 9, "refused").numbers() == "8 users, 0 answers/s, 100% errors"
    assert Recent(3).numbers() == "0 users, 0 answers/s"


@pytest.mark.parametrize(("slow_from", "broken"), [(99, False), (6, False), (2, True), (0, True)])
def test_broken_is_what_was_broken_for_so_long(slow_from: float, broken: bool) -> None:
    """Every one of the last three seconds must have been broken."""
    assert filled(8, slow_from).broken(LIMITS) is broken


def test_nothing_ends_early_without_being_asked_to() -> None:
    """Only a pattern that says so is ended when it is broken; nothing is said before there was enough time."""
    assert not filled(8, 0).broken(Breaks(p95_ms=200))
    assert not filled(2, 0).broken(LIMITS)


def test_old_requests_are_let_go() -> None:
    """A long run costs no memory here."""
    assert len(filled(60, 99)._rows) < 250
