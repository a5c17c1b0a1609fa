"""Who leads: a lock in Redis with a time to live and a fencing token. Never believes longer than the lock lasts.

Redis out of reach: nobody can know who leads, so nobody does, and the trader pauses.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.bugs import Bugs
from services.log import Log

LOCK, FENCE = "trader:leader", "trader:fence"
ACQUIRE = """
if not redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local token = redis.call('incr', KEYS[2])
if token <= tonumber(ARGV[3]) then
  token = tonumber(ARGV[3]) + 1
  redis.call('set', KEYS[2], token)
end
return token"""
"""Takes the lock and draws a token above every earlier one, also where Redis has lost some."""
RENEW = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('pexpire', KEYS[1], ARGV[2])"
RELEASE = "return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1])"


@dataclass(frozen=True, slots=True)
class Pace:
    """The lock lives `lock_seconds` from each renewal; what was confirmed `trust_seconds` ago is believed, no longer."""

    lock_seconds: float = 3.0
    trust_seconds: float = 1.5
    renew_seconds: float = 0.5
    answer_seconds: float = 1.0


@dataclass(slots=True)
class Leadership:
    """`keep_forever` is the background task. `identity` is of this process, not of its host."""

    redis: Redis
    identity: str
    pace: Pace
    bugs: Bugs
    log: Log
    clock: Callable[[], float] = time.monotonic
    token: int | None = None
    floor: int = 0
    confirmed: float = float("-inf")
    has_asked: bool = False
    leaving: bool = False
    told: tuple[bool, bool] = (False, True)

    @property
    def paused(self) -> bool:
        """Whether Redis has been silent for too long."""
        return not self.bugs.no_pause and self.clock() - self.confirmed > self.pace.trust_seconds

    @property
    def leads(self) -> bool:
        """Whether this trader may act now."""
        return self.token is not None and not self.paused

    async def keep_forever(self) -> None:
        """Renew the lock, or try to get it."""
        while not self.leaving:
            began = self.clock()
            try:
                async with asyncio.timeout(self.pace.answer_seconds):
                    await self._ask()
                self.confirmed = began
            except (RedisError, OSError) as problem:
                self._tell(str(problem) or "no answer in time")
            else:
                self._tell()
            await asyncio.sleep(max(0.0, began + self.pace.renew_seconds - self.clock()))

    async def release(self) -> None:
        """Hand the lock back, so that the other need not wait until it ends."""
        self.leaving = True
        if self.token is None:
            return
        self.token = None
        try:
            async with asyncio.timeout(self.pace.answer_seconds):
                await self._run(RELEASE, (LOCK,), self.identity)
        except (RedisError, OSError) as problem:
            self.log("the lock was not handed back", level="warning", problem=str(problem) or "no answer in time")

    def fenced(self, seen: int) -> None:
        """Somebody with a higher token has written: give way, and draw a higher one next time."""
        self.log("fenced off", level="warning", token=self.token, seen=seen)
        self.token, self.floor = None, max(self.floor, seen)

    async def _ask(self) -> None:
        if self.token is not None:
            if not await self._run(RENEW, (LOCK,), self.identity, self._lock_ms) and not self.bugs.two_leaders:
                self.token = None
        elif self.bugs.stuck_leader and self.has_asked:
            await cast("Awaitable[Any]", self.redis.ping())
        else:
            token = await self._run(ACQUIRE, (LOCK, FENCE), self.identity, self._lock_ms, self.floor)
            self.has_asked = True
            if token is None and self.bugs.two_leaders:
                token = await cast("Awaitable[Any]", self.redis.get(FENCE))
            self.token = None if token is None else int(token)

    @property
    def _lock_ms(self) -> int:
        return int(1000 * self.pace.lock_seconds)

    async def _run(self, script: str, keys: tuple[str, ...], *arguments: object) -> Any:
        return await self.redis.eval(script, len(keys), *keys, *map(str, arguments))

    def _tell(self, problem: str = "") -> None:
        """Log what has changed."""
        now = (self.leads, self.paused)
        if now != self.told:
            self.told = now
            self.log("leads" if self.leads else "paused" if self.paused else "stands by", token=self.token, why=problem)
