"""What a trader does all the time: scan for new orders, fill them, follow the market. Each loop has a heartbeat.

The standby's loops turn as well, and do nothing; a paused trader's stand still.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field

from services.log import Log
from services.metrics import Counter
from services.postgres import DatabaseUnavailableError
from services.trader.book import Book, FencedOffError
from services.trader.leadership import Leadership
from services.trader.throttle import Throttle

TURN_SECONDS = {"scan": 0.2, "order": 0.1, "md": 0.2}


@dataclass(slots=True)
class Loops:
    """`run(name)` is a background task each. A heartbeat is the end of a turn."""

    leadership: Leadership
    book: Book
    throttle: Throttle
    log: Log
    filled: Counter
    clock: Callable[[], float] = time.monotonic
    beats: dict[str, float] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    price: float = 100.0

    def __post_init__(self) -> None:
        self.beats = dict.fromkeys(TURN_SECONDS, self.clock())

    def ages(self) -> dict[str, float]:
        """Seconds since each loop's last heartbeat."""
        now = self.clock()
        return {name: now - beat for name, beat in self.beats.items()}

    def forever(self, name: str) -> Callable[[], Coroutine[None, None, None]]:
        """One of the loops, as a background task."""
        turns: dict[str, Callable[[], Awaitable[None]]] = {"scan": self.scan, "order": self.order, "md": self.follow}

        async def turn_forever() -> None:
            while True:
                if not self.leadership.paused:
                    try:
                        await turns[name]()
                    except DatabaseUnavailableError as problem:
                        self.log("postgres is out of reach", level="warning", loop=name, problem=str(problem))
                    self.beats[name] = self.clock()
                await self._rest(name)

        return turn_forever

    async def scan(self) -> None:
        """Put what is not filled into the queue."""
        if not self.leadership.leads:
            self.throttle.clear()
            return
        for order_id in await self.book.pending(self.throttle.size):
            self.throttle.put(order_id)
        self.arrived.set()

    async def order(self) -> None:
        """Fill those whose turn it is. What fails is met again in the next scan: filling is idempotent."""
        token = self.leadership.token
        order_ids = self.throttle.take() if self.leadership.leads else []
        if not order_ids or token is None:
            return
        try:
            await self.book.fill(token, order_ids)
            self.filled.add(amount=len(order_ids))
        except FencedOffError as fenced:
            self.leadership.fenced(fenced.seen)
        finally:
            self.throttle.done(order_ids)

    async def _rest(self, name: str) -> None:
        """Until the next turn; the order loop's begins as soon as something has arrived."""
        if name != "order":
            await asyncio.sleep(TURN_SECONDS[name])
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(TURN_SECONDS[name]):
                await self.arrived.wait()
        self.arrived.clear()

    async def follow(self) -> None:
        """Follow a market that wanders."""
        self.price = max(1.0, self.price + random.uniform(-0.1, 0.1))  # noqa: S311 - simulated
