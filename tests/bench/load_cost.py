"""CPU per request, hop by hop, while k6 keeps a fixed number of users busy."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.cpu import Reading, read
from chaoslab.clock import NS_PER_SECOND, SystemClock
from chaoslab.lab.load import IMAGE
from chaoslab.lab.session import Project
from chaoslab.model.load import LoadBatch, LoadRow
from chaoslab.tools.engine import Engine
from chaoslab.tools.k6 import K6, K6Job

SCRIPT = Path("k6/inference-load.js")
K6_HOP, HOST = "k6", "host"
TELLER = "rbee-hive"
RAMP_SECONDS, SETTLE_SECONDS = 3.0, 3.0
LATE_SECONDS = 0.5
"""A request is told by the batch after it."""
LONGEST_START_SECONDS = 20.0
TICK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Cost:
    """One measurement. `us`: CPU microseconds per request by hop; `host` is everything that the host did, the hops included."""

    us: dict[str, float]
    per_second: float
    failed: int
    p95_ms: float
    throttled: dict[str, int]


@dataclass
class Heard:
    """What k6 has told so far, on its own thread."""

    rows: list[LoadRow] = field(default_factory=list)
    first_ns: int = 0
    last_ns: int = 0

    def take(self, batch: LoadBatch) -> None:
        """Take a batch."""
        self.rows += batch.rows
        self.last_ns = batch.at_ns
        self.first_ns = self.first_ns or (batch.at_ns if self.rows else 0)


@dataclass(frozen=True)
class Bench:
    """A lab that is up, and the load for it: `users` with half a second to two seconds of thought, for `seconds`."""

    engine: Engine
    project: Project
    users: int
    seconds: float

    def measure(self) -> Cost:
        """Start k6, let it settle, read all counters at both ends of the window."""
        heard = Heard()
        k6 = K6.start(self.engine, self._job(), heard.take)
        try:
            self._await(k6, heard, 0.0)
            containers = self._containers()
            start_ns = self._await(k6, heard, RAMP_SECONDS + SETTLE_SECONDS)
            before = read(self.engine, containers, containers[TELLER][0])
            end_ns = self._await(k6, heard, RAMP_SECONDS + SETTLE_SECONDS + self.seconds)
            after = read(self.engine, containers, containers[TELLER][0])
            self._await(k6, heard, RAMP_SECONDS + SETTLE_SECONDS + self.seconds + LATE_SECONDS)
        finally:
            k6.close()
        rows = [row for row in heard.rows if start_ns <= row.finished_ns < end_ns]
        return cost(before, after, rows, len(rows) * NS_PER_SECOND / (end_ns - start_ns))

    def _job(self) -> K6Job:
        hold = SETTLE_SECONDS + self.seconds + 10 * LATE_SECONDS
        sizes = {"USERS": self.users, "RAMP_SECONDS": RAMP_SECONDS, "HOLD_SECONDS": hold, "DOWN_SECONDS": 1}
        spec = self.project.spec
        proxy = spec.links["queen-proxy"].listen.rpartition(":")[2]
        return K6Job(
            project=spec.project,
            network=spec.networks[0],
            image=IMAGE,
            script=SCRIPT,
            environment={name: str(size) for name, size in sizes.items()} | {"BASE_URL": f"http://toxiproxy:{proxy}"},
            limit_seconds=LONGEST_START_SECONDS + RAMP_SECONDS + hold,
        )

    def _containers(self) -> dict[str, tuple[str, ...]]:
        """Ids by service, k6 among them."""
        project = self.project.spec.project
        found: dict[str, tuple[str, ...]] = {
            K6_HOP: tuple(helper["Id"] for helper in self.engine.helpers(project) if helper["Image"] == IMAGE)
        }
        for replica in self.engine.replicas(project):
            found[replica.service] = (*found.get(replica.service, ()), replica.id)
        return found

    def _await(self, k6: K6, heard: Heard, seconds: float) -> int:
        """Wait until k6 has told what ended so long after its first request; returns that instant."""
        clock = SystemClock()
        deadline = clock.now_ns() + (LONGEST_START_SECONDS + seconds) * NS_PER_SECOND
        while not heard.first_ns or heard.last_ns < heard.first_ns + seconds * NS_PER_SECOND:
            if k6.ended() is not None or clock.now_ns() > deadline:
                raise TimeoutError(f"k6 told of {len(heard.rows)} requests, and nothing after that")
            clock.sleep(TICK_SECONDS)
        return heard.last_ns


def cost(before: Reading, after: Reading, rows: Sequence[LoadRow], per_second: float) -> Cost:
    """Put readings and requests together."""
    us, throttled = {}, {}
    for service, now in after.services.items():
        then = before.services[service]
        us[service] = 1e6 * sum(new.since(old) for new, old in zip(now, then, strict=True)) / per_second
        throttled[service] = sum(new.throttled - old.throttled for new, old in zip(now, then, strict=True))
    us[HOST] = 1e6 * after.host.since(before.host) / per_second
    durations = sorted(row.duration_us for row in rows if row.accepted)
    failed = sum(not row.accepted for row in rows)
    return Cost(us, per_second, failed, durations[int(0.95 * len(durations))] / 1000, throttled)


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each number; failures and throttled periods are summed."""
    hops = costs[0].us
    return Cost(
        {hop: statistics.median(each.us[hop] for each in costs) for hop in hops},
        statistics.median(each.per_second for each in costs),
        sum(each.failed for each in costs),
        statistics.median(each.p95_ms for each in costs),
        {hop: sum(each.throttled[hop] for each in costs) for hop in costs[0].throttled},
    )
