"""Simulated inference: takes 10 to 100 ms, uses a slot, and says which tasks are in flight."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

SHORTEST_SECONDS, LONGEST_SECONDS = 0.010, 0.100
MOST_TOKENS = 32
WORDS = ("the", "swarm", "answers", "and", "the", "hive", "remembers", "every", "task")


class RefusedError(Exception):
    """All slots are taken, or the worker is about to stop."""


@dataclass(slots=True)
class Engine:
    """What this worker is doing."""

    hostname: str
    slots: int
    draining: bool = False
    in_flight: dict[str, int] = field(default_factory=dict)
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def busy_slots(self) -> int:
        """Slots in use; a task that is sent twice uses two."""
        return sum(self.in_flight.values())

    async def drain(self) -> None:
        """Take nothing new, and wait until nothing is in flight."""
        self.draining = True
        if self.in_flight:
            await self.idle.wait()

    async def infer(self, task_id: str, model: str, max_tokens: int) -> dict[str, Any]:
        """Do one task; raises RefusedError."""
        if self.draining or self.busy_slots >= self.slots:
            raise RefusedError("draining" if self.draining else f"all {self.slots} slots are taken")
        self.in_flight[task_id] = self.in_flight.get(task_id, 0) + 1
        try:
            await asyncio.sleep(random.uniform(SHORTEST_SECONDS, LONGEST_SECONDS))  # noqa: S311 - simulated work
        finally:
            self.in_flight[task_id] -= 1
            if not self.in_flight[task_id]:
                del self.in_flight[task_id]
            if self.draining and not self.in_flight:
                self.idle.set()
        tokens = min(max_tokens, MOST_TOKENS)
        text = " ".join(WORDS[i % len(WORDS)] for i in range(tokens))
        return {"text": text, "tokens": tokens, "model": model, "worker": self.hostname}
