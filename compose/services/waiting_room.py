"""Bounded waiting: a request that cannot start waits in line, so many and so long at most, else it is refused."""

import asyncio
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

    `unused` gets a place back whose new holder was cancelled in the moment of taking it.
    """

    size: int
    wait_seconds: float
    unused: Callable[[T], None]
    line: deque[asyncio.Future[T]] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self.line)

    async def wait(self) -> T:
        """Stand in line until a place is handed over; raises OverloadedError when full or out of time."""
        if len(self.line) >= self.size:
            raise OverloadedError(f"{self.size} are waiting already")
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[T] = loop.create_future()
        self.line.append(turn)
        timer = loop.call_later(self.wait_seconds, self._expire, turn)
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

    def _expire(self, turn: asyncio.Future[T]) -> None:
        if not turn.done():
            self.line.remove(turn)
            turn.set_exception(OverloadedError(f"no place within {self.wait_seconds:g} s"))

    def _give_up(self, turn: asyncio.Future[T]) -> None:
        if turn in self.line:
            self.line.remove(turn)
        elif not turn.cancelled() and turn.exception() is None:
            self.unused(turn.result())
