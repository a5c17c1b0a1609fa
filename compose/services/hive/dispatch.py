"""Has a task done by some worker: a time-out per attempt, another worker when one dies, resets, refuses or hangs."""

import asyncio
from dataclasses import dataclass

from services.bugs import Bugs
from services.hive.pool import Pool
from services.hive.roster import Roster
from services.http_connection import PeerLostError, Reply
from services.metrics import Counter
from services.retry import Backoff, retry


class WorkerRefusedError(Exception):
    """The worker answered, but did not take the task."""


class WorkerFullError(Exception):
    """The worker has no memory for the task; nothing is wrong with it."""

    def __init__(self, hostname: str) -> None:
        super().__init__(f"{hostname} has no memory for it")
        self.hostname = hostname


class WorkersFullError(Exception):
    """No worker that has a slot free has memory for the task."""


class NotDoneError(Exception):
    """No worker did the task within the deadline."""


@dataclass(frozen=True, slots=True)
class Limits:
    """An attempt lasts many times the longest inference (0.1 s); the deadline ends before the queen's attempt does."""

    attempt_seconds: float
    deadline_seconds: float
    backoff: Backoff


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Sends tasks to workers."""

    pool: Pool
    roster: Roster
    limits: Limits
    bugs: Bugs
    failures: Counter

    async def infer(self, task_id: str, body: bytes) -> bytes:
        """The answer of the worker that did it; raises OverloadedError, WorkersFullError, NotDoneError."""
        try:
            async with asyncio.timeout(None if self.bugs.no_timeout else self.limits.deadline_seconds):
                return await self._until_done(task_id, body)
        except TimeoutError as error:
            raise NotDoneError("no worker answered in time") from error
        except (PeerLostError, WorkerRefusedError) as error:
            raise NotDoneError(str(error)) from error

    async def _until_done(self, task_id: str, body: bytes) -> bytes:
        if self.bugs.no_retry:
            return await self._on_one_with_room(task_id, body)
        return await retry(
            lambda: self._on_one_with_room(task_id, body),
            on=(PeerLostError, TimeoutError, WorkerRefusedError),
            backoff=self.limits.backoff,
            failed=lambda error: self.failures.add(type(error).__name__),
        )

    async def _on_one_with_room(self, task_id: str, body: bytes) -> bytes:
        """Ask one worker after the other as long as they are full: nothing is lost by that, so without a pause."""
        full: set[str] = set()
        while True:
            try:
                return await self._attempt(task_id, body, full)
            except WorkerFullError as problem:
                if problem.hostname in full:  # asked again: no other has a slot
                    raise WorkersFullError(f"every free worker is full, the last: {problem}") from problem
                full.add(problem.hostname)

    async def _attempt(self, task_id: str, body: bytes, full: set[str]) -> bytes:
        lease = await self.pool.take(task_id, avoid=full)
        worker = lease.worker
        try:
            async with asyncio.timeout(None if self.bugs.no_timeout else self.limits.attempt_seconds):
                answer = _accepted(await worker.peer.ask("POST", f"/tasks/{task_id}", body), worker.hostname)
        except (PeerLostError, TimeoutError, WorkerRefusedError) as error:
            self.roster.suspect(worker, str(error) or "no answer in time")
            raise
        finally:
            self.pool.give_back(lease)
        self.roster.alive(worker)
        return answer


def _accepted(reply: Reply, hostname: str) -> bytes:
    if reply.status == 507:
        raise WorkerFullError(hostname)
    if reply.status != 200:
        raise WorkerRefusedError(f"{hostname} answered {reply.status}")
    return reply.body
