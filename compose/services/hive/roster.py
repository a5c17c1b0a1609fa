"""Who is a worker: the handshake, heartbeats, and what becomes of those that fall silent."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from services.bugs import Bugs
from services.hive.pool import Pool, Slots, Worker
from services.http_peer import Peer
from services.log import Log
from services.metrics import Counter

STEPS = ("load_model", "warm_up")
"""Steps of the handshake that a worker completes after it has introduced itself."""
REAP_SECONDS = 0.1


class UnknownWorkerError(LookupError):
    """No such session: the worker must register again."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds of silence after which a worker gets no more tasks, and after which it is removed."""

    suspect_seconds: float
    dead_seconds: float


@dataclass(slots=True)
class Roster:
    """All workers that introduced themselves, registered or on their way."""

    pool: Pool
    patience: Patience
    log: Log
    removed: Counter
    dial: Callable[[str], Peer]
    bugs: Bugs = field(default_factory=Bugs)
    clock: Callable[[], float] = time.monotonic
    known: dict[str, Worker] = field(default_factory=dict)

    def introduce(self, hostname: str, url: str, capacity: int) -> Worker:
        """Begin a handshake. A known worker of that name is dead: its process cannot be there twice."""
        if old := self.known.get(hostname):
            self._remove(old, "replaced by a new process")
        worker = Worker(
            hostname, os.urandom(8).hex(), self.dial(url), Slots(capacity), step=STEPS[0], seen=self.clock()
        )
        self.known[hostname] = worker
        self.log("handshake began", worker=hostname, url=url)
        return worker

    def complete(self, hostname: str, session: str, step: str) -> Worker:
        """Note that a step is done; after the last one the worker is registered. Raises UnknownWorkerError."""
        worker = self._find(hostname, session)
        worker.seen = self.clock()
        if step != worker.step:
            raise UnknownWorkerError(f"{hostname}: {step} is not the open step")
        later = STEPS[STEPS.index(step) + 1 :]
        worker.step = later[0] if later else None
        if worker.step is None:
            self.pool.join(worker)
            self.log("worker registered", worker=hostname, slots=worker.slots.capacity)
        return worker

    def heartbeat(self, hostname: str, session: str, in_flight: list[str]) -> None:
        """Note a sign of life; raises UnknownWorkerError."""
        worker = self._find(hostname, session)
        worker.reported = tuple(in_flight)
        self.alive(worker)

    def alive(self, worker: Worker) -> None:
        """It answered, one way or another: trust it again."""
        worker.seen = self.clock()
        if worker.suspect:
            self.log("worker is back", worker=worker.hostname)
        self.pool.trust(worker)

    def suspect(self, worker: Worker, why: str) -> None:
        """Give it nothing more until it gives a sign of life."""
        if self.bugs.slow_detect:
            return
        if not worker.suspect:
            self.log("worker suspect", level="warning", worker=worker.hostname, why=why)
        self.pool.suspect(worker)

    def leave(self, hostname: str, session: str) -> None:
        """A worker says good-bye; raises UnknownWorkerError."""
        worker = self._find(hostname, session)
        del self.known[hostname]
        if worker.step is None:
            self.pool.leave(worker)
        self.log("worker left", worker=hostname)

    async def reap_forever(self) -> None:
        """Suspect and remove the silent. What the hive itself overslept is not held against the workers."""
        woke = self.clock()
        while True:
            await asyncio.sleep(REAP_SECONDS)
            now = self.clock()
            overslept, woke = now - woke - REAP_SECONDS, now
            for worker in self.known.values():
                worker.seen += overslept
            self.reap()

    def reap(self) -> None:
        """Look at everybody once."""
        if self.bugs.slow_detect:
            return
        for worker in list(self.known.values()):
            silent_seconds = self.clock() - worker.seen
            if silent_seconds > self.patience.dead_seconds:
                self._remove(worker, f"silent for {silent_seconds:.1f} s")
            elif silent_seconds > self.patience.suspect_seconds and worker.step is None:
                self.suspect(worker, f"silent for {silent_seconds:.1f} s")

    def _remove(self, worker: Worker, why: str) -> None:
        del self.known[worker.hostname]
        if worker.step is None:
            self.pool.bury(worker)
        self.removed.add()
        self.log("worker removed", level="warning", worker=worker.hostname, why=why)

    def _find(self, hostname: str, session: str) -> Worker:
        worker = self.known.get(hostname)
        if worker is None or worker.session != session:
            raise UnknownWorkerError(f"{hostname}: no such session")
        return worker
