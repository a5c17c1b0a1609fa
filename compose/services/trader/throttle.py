"""A bounded queue in front of a throttle: a burst waits in line, and drains at a steady rate."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Throttle:
    """At most `per_second` leave, after a pause `burst` at once; at most `size` wait. `refills` off: the burst is all."""

    per_second: float
    burst: int
    size: int
    refills: bool = True
    clock: Callable[[], float] = time.monotonic
    waiting: deque[str] = field(default_factory=deque)
    known: set[str] = field(default_factory=set)
    allowance: float = field(init=False)
    refilled: float = field(init=False)

    def __post_init__(self) -> None:
        self.allowance, self.refilled = float(self.burst), self.clock()

    def __len__(self) -> int:
        return len(self.waiting)

    def put(self, order_id: str) -> None:
        """Let one wait, unless it does already or the queue is full: then it is met again in the next scan."""
        if order_id not in self.known and len(self.waiting) < self.size:
            self.known.add(order_id)
            self.waiting.append(order_id)

    def take(self) -> list[str]:
        """Those whose turn it is now; each is said to be `done` later."""
        self._refill()
        number = min(int(self.allowance), len(self.waiting))
        self.allowance -= number
        return [self.waiting.popleft() for _ in range(number)]

    def done(self, order_ids: list[str]) -> None:
        """Forget them: filled, or to be met again in the next scan."""
        self.known.difference_update(order_ids)

    def clear(self) -> None:
        """Forget all: another trader leads."""
        self.waiting.clear()
        self.known.clear()

    def _refill(self) -> None:
        now = self.clock()
        if self.refills:
            self.allowance = min(float(self.burst), self.allowance + (now - self.refilled) * self.per_second)
        self.refilled = now
