"""The circuit breaker."""

import pytest
from services.breaker import Breaker, OpenError

from unit.services.made import Clock


def broken(clock: Clock, *, works: bool = True) -> Breaker:
    """A breaker after its third failure in a row."""
    breaker = Breaker(failures_allowed=3, pause_seconds=1.0, works=works, clock=clock)
    for _ in range(3):
        breaker.check()
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row() -> None:
    """A success in between starts the count again."""
    clock = Clock()
    breaker = Breaker(3, 1.0, clock=clock)
    for worked in (False, False, True, False, False):
        breaker.check()
        breaker.succeeded() if worked else breaker.failed()
    assert not breaker.is_open
    breaker.failed()
    assert breaker.is_open
    with pytest.raises(OpenError, match="3 attempts failed in a row"):
        breaker.check()


def test_one_trial_at_a_time_and_a_success_closes_it() -> None:
    """After each pause exactly one is let through; others are still refused."""
    clock = Clock()
    breaker = broken(clock)
    for _ in range(2):
        clock.now += 1.1
        assert not breaker.refuses
        breaker.check()
        assert breaker.refuses
        with pytest.raises(OpenError):
            breaker.check()
        breaker.failed()
    clock.now += 1.1
    breaker.check()
    breaker.succeeded()
    assert not breaker.is_open
    breaker.check()


def test_no_breaker_never_opens() -> None:
    """The bug: every attempt is made, however many failed."""
    breaker = broken(Clock(), works=False)
    assert not breaker.is_open
    breaker.check()
