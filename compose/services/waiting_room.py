"""Bounded waiting: a request that cannot start waits in line, so many and so long at most, else it is refused."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


class OverloadedError(Exception):
    """No place within the limits; the client may come again later."""


@dataclass(slots=True)
class WaitingRoom(Generic[T]):
    """First in, first out. Whoever frees a place hands it to the first in line with `admit`.

    `unused` gets a place back whose new holder was cancelled in the moment of taking it. A line takes up a burst; one that
    has stood for `wait_seconds` is overload, where waiting longer serves nobody more: newcomers wait `standing_seconds` then.
    """

    size: int
    wait_seconds: float
    unused: Callable[[T], None]
    standing_seconds: float = math.inf
    line: deque[asyncio.Future[T]] = field(default_factory=deque)
    stands_since: float = 0.0

    def __len__(self) -> int:
        return len(self.line)

    async def wait(self) -> T:
        """Stand in line until a place is handed over; raises OverloadedError when full or out of time."""
        if len(self.line) >= self.size:
            raise OverloadedError(f"{self.size} are waiting already")
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[T] = loop.create_future()
        patience_seconds = self._patience_seconds(loop.time())
        self.line.append(turn)
        timer = loop.call_later(patience_seconds, self._expire, turn, patience_seconds)
        try:
            return await turn
        except asyncio.CancelledError:
            self._give_up(turn)
            raise
        finally:
            timer.cancel()

    def admit(self, place: T) -> bool:
        """Hand a place to the first in line; False when nobody waits."""
        if not self.line:
            return False
        self.line.popleft().set_result(place)
        return True

    def _patience_seconds(self, now: float) -> float:
        if not self.line:
            self.stands_since = now
        stands = now - self.stands_since > self.wait_seconds
        return min(self.wait_seconds, self.standing_seconds) if stands else self.wait_seconds

    def _expire(self, turn: asyncio.Future[T], waited_seconds: float) -> None:
        if not turn.done():
            self.line.remove(turn)
            turn.set_exception(OverloadedError(f"no place within {waited_seconds:g} s"))

    def _give_up(self, turn: asyncio.Future[T]) -> None:
        if turn in self.line:
            self.line.remove(turn)
        elif not turn.cancelled() and turn.exception() is None:
            self.unused(turn.result())
