"""How many events there were within a second; holds two numbers, whatever the rate."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Rate:
    """Counts by whole seconds."""

    clock: Callable[[], float] = time.monotonic
    second: int = 0
    count: int = 0
    before: int = 0

    def add(self) -> None:
        """Count one."""
        self._turn()
        self.count += 1

    def per_second(self) -> int:
        """The larger of the last full second's count and this second's so far."""
        self._turn()
        return max(self.count, self.before)

    def _turn(self) -> None:
        now = int(self.clock())
        if now != self.second:
            self.before = self.count if now == self.second + 1 else 0
            self.second, self.count = now, 0
