"""The workers that take tasks, and the slots of each: who gets the next task, and who waits for a slot."""

from collections.abc import Container
from dataclasses import dataclass, field

from services.bugs import Bugs
from services.http_peer import Peer
from services.waiting_room import WaitingRoom


@dataclass(eq=False, slots=True)
class Slots:
    """What one hostname may do at once: `open` holds the task of each taken slot ("" while it is being handed over)."""

    capacity: int
    open: dict[int, str] = field(default_factory=dict)
    frozen: bool = False

    @property
    def free(self) -> int:
        """How many more tasks it may get now."""
        return 0 if self.frozen else self.capacity - len(self.open)


@dataclass(eq=False, slots=True)
class Worker:
    """One worker process: a restarted one is another worker with the same hostname. `step` None: it is registered."""

    hostname: str
    session: str
    peer: Peer
    slots: Slots
    step: str | None
    seen: float
    suspect: bool = False
    last_pick: int = 0
    reported: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Lease:
    """One taken slot."""

    worker: Worker
    slots: Slots
    number: int


class Pool:
    """Registered workers by hostname."""

    def __init__(self, bugs: Bugs, line: int, wait_seconds: float) -> None:
        self.bugs = bugs
        self.workers: dict[str, Worker] = {}
        self.accounts: dict[str, Slots] = {}
        self.room: WaitingRoom[Lease] = WaitingRoom(line, wait_seconds, unused=self.give_back)
        self.picks = 0

    async def take(self, task_id: str, avoid: Container[str] = ()) -> Lease:
        """A slot of the worker with the fewest open tasks; raises OverloadedError when none gets free in time.

        `avoid`: hostnames that are asked only when no other has a slot.
        """
        free = [worker for worker in self.workers.values() if worker.slots.free > 0]
        free = [worker for worker in free if worker.hostname not in avoid] or free
        # Among equals, the one whose last turn is longest ago: all of them get work.
        worker = min(free, key=lambda worker: (len(worker.slots.open), worker.last_pick), default=None)
        lease = self._reserve(worker) if worker else await self.room.wait()
        lease.slots.open[lease.number] = task_id
        return lease

    def give_back(self, lease: Lease) -> None:
        """The slot is free again, and goes to the first in line."""
        del lease.slots.open[lease.number]
        self._offer(lease.worker)

    def join(self, worker: Worker) -> None:
        """A worker has registered."""
        worker.slots = self.accounts.setdefault(worker.hostname, worker.slots)
        self.workers[worker.hostname] = worker
        self._offer(worker)

    def suspect(self, worker: Worker) -> None:
        """No more tasks for a worker that failed or fell silent."""
        worker.suspect = worker.slots.frozen = True

    def trust(self, worker: Worker) -> None:
        """It gave a sign of life."""
        if worker.suspect:
            worker.suspect = worker.slots.frozen = False
            self._offer(worker)

    def leave(self, worker: Worker) -> None:
        """It said good-bye; what it still has open it will finish."""
        del self.workers[worker.hostname]
        del self.accounts[worker.hostname]
        worker.peer.close()

    def bury(self, worker: Worker) -> None:
        """It is dead: nothing more goes there, and its slots are released for whoever comes back under its name."""
        worker.slots.frozen = True
        del self.workers[worker.hostname]
        worker.peer.close()
        if not self.bugs.zombie_worker:
            del self.accounts[worker.hostname]

    def _reserve(self, worker: Worker) -> Lease:
        self.picks += 1
        worker.last_pick = self.picks
        worker.slots.open[self.picks] = ""
        return Lease(worker, worker.slots, self.picks)

    def _offer(self, worker: Worker) -> None:
        while self.room and self.workers.get(worker.hostname) is worker and worker.slots.free > 0:
            self.room.admit(self._reserve(worker))
