"""A circuit breaker: after failures in a row it says no at once, and lets one trial through now and then."""

import time
from collections.abc import Callable
from dataclasses import dataclass


class OpenError(Exception):
    """Not tried: the last attempts failed, and the next trial is not due yet."""


@dataclass(slots=True)
class Breaker:
    """Opens after `failures_allowed` in a row; while open, one trial every `pause_seconds`; the first success closes it.

    `works` off: it never opens.
    """

    failures_allowed: int
    pause_seconds: float
    works: bool = True
    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    next_trial: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it refuses all but trials."""
        return self.works and self.failures >= self.failures_allowed

    @property
    def refuses(self) -> bool:
        """Whether `check` would say no now."""
        return self.is_open and self.clock() < self.next_trial

    def check(self) -> None:
        """Raise OpenError unless an attempt may be made now; the one who is let through while it is open is the trial."""
        if self.refuses:
            raise OpenError(f"{self.failures} attempts failed in a row")
        if self.is_open:
            self.next_trial = self.clock() + self.pause_seconds

    def succeeded(self) -> None:
        """An attempt worked."""
        self.failures = 0

    def failed(self) -> None:
        """An attempt failed."""
        self.failures += 1
        if self.failures == self.failures_allowed:
            self.next_trial = self.clock() + self.pause_seconds
