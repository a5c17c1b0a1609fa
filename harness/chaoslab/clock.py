"""The one door to time: every other module takes a Clock and never imports `time`."""

import time
from dataclasses import dataclass
from typing import Protocol

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000


class Clock(Protocol):
    """What the harness asks of time; tests pass their own."""

    def now_ns(self) -> int:
        """Monotonic nanoseconds of this process's machine; only differences mean anything."""

    def wall(self) -> float:
        """Seconds since the Unix epoch, for people and file names; never for measuring."""

    def sleep(self, seconds: float) -> None:
        """Block this thread; only inside a wait that also looks at its condition and the stop flag."""


class SystemClock:
    """The machine's own clocks."""

    def now_ns(self) -> int:
        """Read CLOCK_MONOTONIC, which on a local Linux engine is also every container's clock."""
        return time.monotonic_ns()

    def wall(self) -> float:
        """Read the wall clock."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Sleep at least `seconds`."""
        time.sleep(max(0.0, seconds))


@dataclass(frozen=True, slots=True)
class Tie:
    """How the lab's clock (the observer's CLOCK_MONOTONIC) relates to the harness's own.

    `offset_ns`: lab time minus harness time. `error_ns`: half the round trip it was measured with (Cristian's bound).
    """

    offset_ns: int
    error_ns: int

    def to_lab_ns(self, harness_ns: int) -> int:
        """Convert an instant of the harness's clock to lab time."""
        return harness_ns + self.offset_ns


def iso(wall_seconds: float) -> str:
    """Format a wall-clock instant as UTC ISO 8601 with milliseconds."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(wall_seconds))
    return f"{whole}.{int(wall_seconds % 1 * 1000):03d}Z"


def folder_stamp(wall_seconds: float) -> str:
    """Name a results folder in local time, YYYYmmdd_HHMMSS."""
    return time.strftime("%Y%m%d_%H%M%S", time.localtime(wall_seconds))
