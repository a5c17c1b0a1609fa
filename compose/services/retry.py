"""Tries again: exponential backoff with jitter. How long in all is the caller's deadline, never decided here."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses double from `first_seconds` up to `cap_seconds`; each is drawn from its upper half, so clients spread."""

    first_seconds: float
    cap_seconds: float

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (1, 2, ...)."""
        whole = min(self.cap_seconds, self.first_seconds * 2.0 ** min(failures - 1, 30))
        return whole * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, protects nothing


NO_PAUSE = Backoff(0.0, 0.0)


async def retry(
    attempt: Callable[[], Awaitable[T]],
    on: tuple[type[Exception], ...],
    backoff: Backoff,
    failed: Callable[[Exception], None],
) -> T:
    """Await `attempt` until it does not raise one of `on`; `failed` is told of each failure."""
    failures = 0
    while True:
        try:
            return await attempt()
        except on as error:
            failures += 1
            failed(error)
        await asyncio.sleep(backoff.pause(failures))
