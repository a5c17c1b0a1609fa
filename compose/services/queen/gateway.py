"""The queen's way to the hive: a time-out per attempt, retries with backoff and jitter, one deadline over all of it."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from services.bugs import Bugs
from services.http_connection import PeerLostError, Reply
from services.http_peer import Peer
from services.metrics import Counter
from services.queen.task import Task
from services.rate import Rate
from services.retry import NO_PAUSE, Backoff, retry


class HiveBusyError(Exception):
    """The hive answered that it cannot take the task now."""


class HiveFullError(Exception):
    """The hive answered that there is no room: its disk, or the memory of every worker, is full."""


class HiveUnavailableError(Exception):
    """No usable answer from the hive within the deadline."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`attempt_seconds` leaves room for the hive's own retries; `deadline_seconds` is what a client waits at most."""

    attempt_seconds: float
    deadline_seconds: float
    backoff: Backoff


@dataclass(frozen=True, slots=True)
class Gateway:
    """Has tasks done by the hive. A task may be done twice: an attempt that timed out may have been carried out."""

    hive: Peer
    limits: Limits
    bugs: Bugs
    failures: Counter
    rate: Rate = field(default_factory=Rate)

    async def infer(self, task_id: str, task: Task) -> dict[str, Any]:
        """The hive's result; raises HiveBusyError, HiveFullError, HiveUnavailableError."""
        body = json.dumps({"model": task.model, "prompt": task.prompt, "max_tokens": task.max_tokens}).encode()
        failed: list[Exception] = []
        try:
            async with asyncio.timeout(None if self.bugs.no_timeout else self.limits.deadline_seconds):
                reply = await self._until_answered(task_id, body, failed)
        except TimeoutError as error:
            raise HiveUnavailableError(_no_answer(failed)) from error
        except PeerLostError as error:
            raise HiveUnavailableError(str(error)) from error
        if reply.status == 503:
            raise HiveBusyError(_reason(reply))
        if reply.status == 507:
            raise HiveFullError(_reason(reply))
        if reply.status != 200:
            raise HiveUnavailableError(f"the hive answered {reply.status}: {_reason(reply)}")
        return dict(json.loads(reply.body))

    async def _until_answered(self, task_id: str, body: bytes, failed: list[Exception]) -> Reply:
        async def attempt() -> Reply:
            async with asyncio.timeout(None if self.bugs.no_timeout else self.limits.attempt_seconds):
                return await self.hive.ask("POST", f"/tasks/{task_id}", body)

        if self.bugs.no_retry:
            return await attempt()

        def note(error: Exception) -> None:
            failed[:] = [error]
            self.rate.add()
            self.failures.add("timeout" if isinstance(error, TimeoutError) else "lost")

        backoff = NO_PAUSE if self.bugs.retry_storm else self.limits.backoff
        return await retry(attempt, on=(PeerLostError, TimeoutError), backoff=backoff, failed=note)


def _no_answer(failed: list[Exception]) -> str:
    last = f"; the last attempt failed: {str(failed[-1]) or 'no answer in time'}" if failed else ""
    return f"no answer from the hive within the deadline{last}"


def _reason(reply: Reply) -> str:
    try:
        return str(json.loads(reply.body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return reply.body[:200].decode("utf-8", "replace")
