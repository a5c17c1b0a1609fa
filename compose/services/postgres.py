"""The way to PostgreSQL: a bounded pool with bounded waits, a time-out per attempt, a circuit breaker, one deadline over all.

A statement may be carried out twice: an attempt that timed out may have been done. Callers make theirs idempotent.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from services.breaker import Breaker, OpenError
from services.gate import Gate
from services.log import Log
from services.metrics import Counter
from services.retry import Backoff, retry
from services.waiting_room import OverloadedError

LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a failed attempt raises; TimeoutError is an OSError."""
LOOK_SECONDS = 0.5
READY_SECONDS = 0.8


class DatabaseUnavailableError(Exception):
    """Not done, or not known to be done: no place, the breaker is open, or the deadline has passed."""


class OutcomeUnknownError(DatabaseUnavailableError):
    """Sent at least once, and never answered: it may have been done."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`attempt_seconds` is for one statement on a connection, dialling has as much again; `keep` connections are held ready."""

    attempt_seconds: float
    deadline_seconds: float
    keep: int
    backoff: Backoff = field(default_factory=lambda: Backoff(first_seconds=0.05, cap_seconds=0.5))


@dataclass(slots=True)
class Database:
    """`keep_forever` is the background task that holds connections ready."""

    url: str
    limits: Limits
    gate: Gate
    breaker: Breaker
    log: Log
    failures: Counter
    idle: list[Any] = field(default_factory=list)
    reachable: bool = True

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        if address.scheme != "postgresql" or not address.hostname:
            raise ValueError(f"{self.url!r} is not postgresql://user@host:port/database")

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        """The statement's rows; raises DatabaseUnavailableError, and OutcomeUnknownError where it may have been done."""
        if self.breaker.refuses:
            raise DatabaseUnavailableError("the circuit breaker is open")
        try:
            await self.gate.enter()
        except OverloadedError as problem:
            raise DatabaseUnavailableError(f"no connection is free: {problem}") from problem
        kind = DatabaseUnavailableError

        async def attempt() -> list[Any]:
            nonlocal kind
            self.breaker.check()
            connection = self._idle_connection() or await self._dial()
            kind = OutcomeUnknownError
            return await self._ask(connection, statement, values)

        try:
            async with asyncio.timeout(self.limits.deadline_seconds):
                rows = await retry(attempt, on=LOST, backoff=self.limits.backoff, failed=self._failed)
        except OpenError as error:
            raise kind(f"the circuit breaker is open: {error}") from error
        except TimeoutError as error:
            raise kind("no answer within the deadline") from error
        else:
            self.breaker.succeeded()
            self._note(reachable=True)
            return rows
        finally:
            self.gate.leave()

    async def ping(self) -> bool:
        """Whether it answers now, on a connection that nobody else waits for."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._ask(self._idle_connection() or await self._dial(), "SELECT 1", ())
        except LOST:
            return False
        return True

    async def keep_forever(self) -> None:
        """Hold connections ready, so that a slow network costs a request one round trip and not five."""
        failures = 0
        while True:
            try:
                while len(self.idle) + self.gate.inside < self.limits.keep:
                    self.idle.insert(0, await self._dial())
                failures = 0
            except LOST as problem:
                failures += 1
                self._note(reachable=False, problem=str(problem) or "no connection in time")
            await asyncio.sleep(self.limits.backoff.pause(failures) if failures else LOOK_SECONDS)

    async def _ask(self, connection: Any, statement: str, values: tuple[object, ...]) -> list[Any]:
        try:
            async with asyncio.timeout(self.limits.attempt_seconds):
                rows: list[Any] = await connection.fetch(statement, *values)
        except BaseException:
            # A statement given up or failed leaves the connection in an unknown state.
            connection.terminate()
            raise
        self.idle.append(connection)
        return rows

    def _idle_connection(self) -> Any:
        while self.idle:
            connection = self.idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _dial(self) -> Any:
        async with asyncio.timeout(self.limits.attempt_seconds):
            return await asyncpg.connect(self.url, ssl=False, timeout=self.limits.attempt_seconds)

    def _failed(self, error: Exception) -> None:
        self.breaker.failed()
        self.failures.add(type(error).__name__)
        self._note(reachable=False, problem=str(error) or "no answer in time")

    def _note(self, *, reachable: bool, problem: str = "") -> None:
        if reachable != self.reachable:
            self.reachable = reachable
            if reachable:
                self.log("postgres is back")
            else:
                self.log("postgres is unreachable", level="warning", problem=problem)
