"""Made-up data for the proofs: canaries, replicas, a clock that moves when asked to wait, a lab of doors that record."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

from chaoslab.faults.crossing import Crossing
from chaoslab.lab.lab import Lab
from chaoslab.model.history import Sample
from chaoslab.model.lab import LabSpec, Link, Probe, Service, ToxiproxyAddress, Trigger
from chaoslab.model.plan import Step
from chaoslab.model.replica import Replica
from chaoslab.model.suite import FaultSpec
from chaoslab.observe.rows import CanaryRequest
from chaoslab.store import History, StopFlag
from chaoslab.tools.toxiproxy import ProxyState, ToxicState
from chaoslab.undo import Process

MS = 1_000_000
SECOND = 1000 * MS


def crossing(**changes: Any) -> Crossing:
    """Give an ordinary canary: 150 bytes there, 200 back, answered after 2 ms and closed."""
    usual = Crossing(
        0, 2 * MS, sent=150, received=200, chunks=1, first_ms=2.0, answer_ms=2.0, close_ms=2.5, close="closed"
    )
    return replace(usual, **changes)


def unanswered(close: str = "timeout") -> Crossing:
    """Give a canary that got nothing."""
    return crossing(received=0, chunks=0, first_ms=None, answer_ms=None, close_ms=None, close=close)


def replica(service: str = "worker", number: int = 1, **changes: Any) -> Replica:
    """Give a healthy container."""
    usual = Replica(
        id=f"{service}{number}".encode().hex().ljust(64, "0"), name=f"lab-{service}-{number}", service=service, number=number,
        state="running", health="healthy", pid=100 + number, hostname=f"host{number}", image="image", chaos_ready=True,
        restart_count=0, oom_killed=False, exit_code=0, started_at="t0", nano_cpus=0, memory_bytes=128 << 20, pids_limit=0,
        cpu_quota=0, user="10001", addresses={"lab": f"10.0.0.{number}"},
    )  # fmt: skip
    return replace(usual, **changes)


class Hands:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.ns = 100 * SECOND

    def now_ns(self) -> int:
        """Tell the time, and let a little of it pass."""
        self.ns += MS // 100
        return self.ns

    def wall(self) -> float:
        """Never asked for."""
        return 0.0

    def sleep(self, seconds: float) -> None:
        """Pass the time at once."""
        self.ns += int(seconds * SECOND)


class Past(History):
    """A history whose waits pass at once."""

    def __init__(self) -> None:
        self.hands = Hands()
        super().__init__(None, self.hands, StopFlag())

    def wait(self, condition: Callable[[], Any], timeout_seconds: float, what: str, *, heed_stop: bool = True) -> Any:
        """Look once, then at the end."""
        if (found := condition()) is not None:
            return found
        self.hands.sleep(timeout_seconds)
        return super().wait(condition, 0, what, heed_stop=heed_stop)


@dataclass
class Helper:
    """Answers a helper's requests with what a test says, and records them."""

    answers: Callable[[dict[str, Any]], dict[str, Any]]
    name: str = "helper"
    stderr: tuple[str, ...] = ()
    greeting: Any = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    ended: bool = False

    def receive(self, _timeout_seconds: float) -> Any:
        """Greet."""
        return self.greeting or {"ready": True}

    def ask(self, request: dict[str, Any], _timeout_seconds: float) -> dict[str, Any]:
        """Answer."""
        self.asked.append(request)
        return self.answers(request)

    def end_input(self) -> None:
        """Note the end."""
        self.ended = True

    def close(self) -> None:
        """Do nothing."""


@dataclass
class Observer:
    """Records the canaries asked for."""

    canaries_sent: tuple[CanaryRequest, ...] = ()
    replies: Callable[[str], Any] = lambda _url: None

    def canaries(self, wanted: tuple[CanaryRequest, ...]) -> None:
        """Record them."""
        self.canaries_sent = wanted

    def request(self, _method: str, url: str, *, timeout_seconds: float) -> Any:
        """Answer what the test says."""
        return self.replies(url)


@dataclass
class Toxiproxy:
    """Holds proxies."""

    state: dict[str, ProxyState]

    def proxies(self) -> dict[str, ProxyState]:
        """List them."""
        return dict(self.state)

    def add_toxic(self, link: str, wanted: ToxicState) -> ToxicState:
        """Add one."""
        self.state[link] = replace(self.state[link], toxics=(*self.state[link].toxics, wanted))
        return wanted

    def set_enabled(self, link: str, *, enabled: bool) -> None:
        """Open or close one."""
        self.state[link] = replace(self.state[link], enabled=enabled)


LINKS = {
    "front": Link(name="front", client="users", server="api", listen="[::]:8080", upstream="api:80"),
    "back": Link(name="back", client="api", server="worker", listen="[::]:9000", upstream="worker:90"),
}
SPEC = LabSpec(
    project="lab",
    services={name: Service(name=name, chaos_ready=True) for name in ("api", "worker", "toxiproxy")},
    networks=("lab",),
    toxiproxy=ToxiproxyAddress(),
    default_link="back",
    links=LINKS,
    probes={
        "health": Probe(name="health", service="worker", port=90),
        "work": Probe(name="work", role="work", link="front"),
    },
    triggers={
        "during_inference": Trigger(
            name="during_inference", service="api", port=80, path="/{hostname}", open="$.open[*]"
        )
    },
)


@dataclass
class MadeLab:
    """The parts of a lab that faults use."""

    helper_answers: Callable[[dict[str, Any]], dict[str, Any]] = lambda _request: {}
    found: tuple[Replica, ...] = (replica(), replica("api"), replica("toxiproxy"))
    history: Past = field(default_factory=Past)
    observer: Observer = field(default_factory=Observer)
    helpers: dict[str, Any] = field(default_factory=dict)
    started: list[tuple[str, dict[str, Any], Helper]] = field(default_factory=list)
    greeting: Any = None
    spec: LabSpec = SPEC
    mark: str = "chaoslab-run"
    seed: int = 1
    engine: Any = None
    toxiproxy: Toxiproxy = field(
        default_factory=lambda: Toxiproxy(
            {
                link.name: ProxyState(link.name, link.listen, link.upstream, enabled=True, toxics=())
                for link in LINKS.values()
            }
        )
    )

    def start_helper(self, program: str, **options: Any) -> Helper:
        """Give a helper that answers as the test says."""
        helper = Helper(self.helper_answers, greeting=self.greeting)
        self.started.append((program, options, helper))
        return helper

    def replicas(self, service: str) -> tuple[Replica, ...]:
        """List a service's containers."""
        return tuple(one for one in self.found if one.service == service)

    def replica(self, service: str, number: int) -> Replica:
        """Give one of them."""
        return next(one for one in self.replicas(service) if one.number == number)

    def processes(self, _replica: Replica) -> list[Process]:
        """List what the engine of the test says that runs."""
        return [Process(9, "R", command) for command in self.engine.rows]

    def choose(self, target: str, _count: int | str, _scenario_id: str) -> tuple[Replica, ...]:
        """Choose them all."""
        return self.replicas(target)

    def toxiproxy_replica(self) -> Replica:
        """Give Toxiproxy's."""
        return self.replica("toxiproxy", 1)

    def as_lab(self) -> Lab:
        """Pass for the real one."""
        return cast("Lab", self)

    def canaries(self, link: str, *crossings: Crossing) -> None:
        """Put canaries into the history, 50 ms apart, the first one sent now."""
        for one in crossings:
            sent = self.history.now_ns()
            self.history.hands.sleep(0.05)
            detail = {
                name: getattr(one, name)
                for name in ("sent", "received", "chunks", "first_ms", "answer_ms", "close_ms", "close")
            }
            end = sent + int((one.answer_ms or 40) * MS)
            self.history.samples_in([Sample(f"canary:{link}", 0, sent, sent, end, one.answered, "200", detail)])


def step(spec: FaultSpec, hold_seconds: float = 3.0) -> Step:
    """Put a fault on a timeline."""
    return Step("T-1.1", spec, 0.0, hold_seconds)
