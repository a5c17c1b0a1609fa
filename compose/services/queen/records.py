"""Keeps the last state of each task in Redis, off the request path: bounded, batched, best effort.

Redis down: tasks go on, what could not be written is dropped and counted, and the next batch tries again.
"""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.log import Log
from services.metrics import Counter

FLUSH_SECONDS = 0.1
WAITING_RECORDS = 2000
KEEP_SECONDS = 60
ANSWER_SECONDS = 0.5


@dataclass(slots=True)
class Records:
    """`put` never waits; `write_forever` is the background task."""

    redis: Redis
    log: Log
    written: Counter
    dropped: Counter
    waiting: deque[tuple[str, bytes]] = field(default_factory=deque)
    reachable: bool = True

    def put(self, task_id: str, **state: object) -> None:
        """Note a task's state; when too many wait already, it is dropped."""
        if len(self.waiting) >= WAITING_RECORDS:
            self.dropped.add()
        else:
            self.waiting.append((f"task:{task_id}", json.dumps(state).encode()))

    async def write_forever(self) -> None:
        """Write what waits, in batches."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            if self.waiting:
                batch, self.waiting = self.waiting, deque()
                await self._write(batch)

    async def ping(self) -> bool:
        """Whether Redis answers."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.redis.ping()
        except (RedisError, OSError):
            return False
        return True

    async def _write(self, batch: deque[tuple[str, bytes]]) -> None:
        pipeline = self.redis.pipeline(transaction=False)
        for key, state in batch:
            pipeline.set(key, state, ex=KEEP_SECONDS)
        try:
            async with asyncio.timeout(2 * ANSWER_SECONDS):
                await pipeline.execute()
        except (RedisError, OSError) as error:
            self.dropped.add(amount=len(batch))
            self._note(reachable=False, problem=str(error) or type(error).__name__)
        else:
            self.written.add(amount=len(batch))
            self._note(reachable=True)

    def _note(self, *, reachable: bool, problem: str = "") -> None:
        if reachable != self.reachable:
            self.reachable = reachable
            if reachable:
                self.log("redis is back")
            else:
                self.log("redis is unreachable, tasks go on unrecorded", level="warning", problem=problem)
