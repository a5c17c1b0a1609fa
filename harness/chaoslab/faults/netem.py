"""What the five netem faults share: the qdisc on what leaves the targets, and the round trips that prove it."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from chaoslab.errors import CannotInject, NotProvable
from chaoslab.faults import binomial, targets
from chaoslab.faults.fault import Fault, Finding, asked
from chaoslab.faults.packet_rules import replaced
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica
from chaoslab.model.suite import HeldFaultSpec
from chaoslab.tools.host import abilities

if TYPE_CHECKING:
    from chaoslab.tools.attached import Attached

RATE_HZ = 200.0
QUEUE_PACKETS = "10000"
"""netem's own limit of 1000 packets would drop what a long delay holds back."""
BEFORE_SECONDS = 5
FEWEST = 50
LATE_SECONDS = 0.3
LIMIT_MARGIN_SECONDS = 120


class NetemSpec(targets.OnReplicas, HeldFaultSpec):
    """What every netem fault says: whose outgoing packets."""

    def netem(self) -> tuple[str, ...]:
        """Return netem's own words."""
        raise NotImplementedError

    def effect(self) -> str:
        """Say what happens to packets."""
        raise NotImplementedError

    def slowest_ms(self) -> float:
        """Return the longest delay that a packet gets."""
        return 0.0

    def describe(self) -> str:
        """Say what happens to whose packets."""
        return f"{self.effect()} on all packets that leave {self.who} (netem)"

    def undoes(self) -> tuple[str, ...]:
        """Take it off."""
        return (f"remove the netem qdisc of {targets.of(self.target, self.count)}",)


N = TypeVar("N", bound=NetemSpec)


@dataclass(frozen=True, slots=True)
class Echoes:
    """Echo requests of one window, by how they were answered. `trips_ms`: of first answers, in the order of sending."""

    sent: int
    answered: int
    duplicated: int
    overtaken: int
    trips_ms: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        """The usual round trip, 0 without any."""
        return median(self.trips_ms) if self.trips_ms else 0.0


class NetemFault(Fault[N], Generic[N]):
    """A qdisc in each target's network namespace. All that leaves the target is hit, answers to the observer included."""

    def prepare(self) -> None:
        """Choose the targets and start measuring. Raises CannotInject with the doctor's reason where the kernel has no netem."""
        self.targets = targets.choose(self)
        if why_not := abilities(self.lab.engine, self.lab.image)["abilities"].get("netem"):
            raise CannotInject(
                f"the engine's host has no netem: {why_not}", remedy="a kernel with sch_netem (`chaoslab doctor`)"
            )
        self.helpers: dict[str, Attached] = {}
        limit = f"{self.step.hold_seconds + self.step.at_seconds + LIMIT_MARGIN_SECONDS:g}"
        for replica in self.targets:
            self.helpers[str(replica)] = self.start(
                "traffic_control",
                arguments=(limit, self._peer(replica), f"{RATE_HZ:g}"),
                network=f"container:{replica.id}",
                capabilities=("NET_ADMIN", "NET_RAW"),
            )
        for replica, undo in zip(self.targets, self.undos(), strict=True):
            self.lab.helpers[undo.id] = self.helpers[str(replica)]
        self.effect_ns = 0

    def undos(self) -> tuple[Undo, ...]:
        """Take the qdisc off each target."""
        mark = f"{self.lab.mark}-{self.id}"
        return tuple(self.undo("remove_qdisc", one.service, one.number, mark=mark) for one in self.targets)

    def inject(self) -> Effect:
        """Put the qdisc on; the helpers' own clock is lab time."""
        words = ["limit", QUEUE_PACKETS, *self.spec.netem()]
        answers = [asked(helper, do="put", netem=words) for helper in self.helpers.values()]
        first = min(answer["at_ns"] - answer["error_ns"] for answer in answers)
        last = max(answer["at_ns"] for answer in answers)
        self.effect_ns = last
        error = (last - first) // 2 + self.lab.history.tie.error_ns
        return Effect((first + last) // 2, error, f"{self.spec.describe()}: {targets.names(self.targets)}")

    def prove(self) -> Proof:
        """Compare the round trips since the effect with those before, target by target; the worst one counts."""
        late_ns = int(1e6 * self.spec.slowest_ms() + 1e9 * LATE_SECONDS)
        until_ns = self.lab.history.now_ns() - late_ns
        findings = []
        for replica, helper in zip(self.targets, self.helpers.values(), strict=True):
            before = self._echoes(helper, self.effect_ns - BEFORE_SECONDS * 10**9, self.effect_ns - late_ns)
            during = self._echoes(helper, self.effect_ns, until_ns)
            finding = enough(self.judge(before, during), before, during)
            counters = asked(helper, do="read")
            note = f"qdisc of {replica}: {counters['packets']} packets, {counters['drops']} dropped"
            findings.append(finding.noted(note) if counters["qdiscs"] else finding.refused(f"{replica} has no qdisc"))
        finding = next((one for one in findings if not one.proven), findings[0])
        gone = replaced(self.lab, self.targets)
        why = f"{', '.join(gone)}: the qdisc went with its network namespace"
        return self.proof(finding.refused(why) if gone else finding)

    def prove_clean(self) -> Proof:
        """No qdisc of ours is left."""
        left = sum(asked(helper, do="read")["qdiscs"] for helper in self.helpers.values())
        return self.proof(Finding(left, "0 qdiscs", "qdiscs", proven=left == 0))

    def close(self) -> None:
        """End the helpers, and let nobody ask them any more."""
        for undo in self.undos() if hasattr(self, "helpers") else ():
            self.lab.helpers.pop(undo.id, None)
        super().close()

    @abstractmethod
    def judge(self, before: Echoes, during: Echoes) -> Finding:
        """Judge the effect by the round trips of one target."""

    def _echoes(self, helper: "Attached", since_ns: int, until_ns: int) -> Echoes:
        return read_echoes(asked(helper, do="echoes", since_ns=since_ns, until_ns=until_ns)["echoes"])

    def _peer(self, replica: Replica) -> str:
        """Return the address of another container on the target's network, itself no target. Raises NotProvable without one."""
        mine = {str(target) for target in self.targets}
        for service in self.lab.spec.services:
            for other in self.lab.replicas(service):
                for network, address in other.addresses.items():
                    if address and str(other) not in mine and replica.addresses.get(network):
                        return address
        raise NotProvable(
            f"no other container of the lab shares a network with {replica}: no round trip can be measured"
        )


def read_echoes(rows: Iterable[Sequence[Any]]) -> Echoes:
    """Read the helper's rows: when sent, then how long each answer took (ns)."""
    listed = [tuple(row) for row in rows]
    arrivals = [row[0] + row[1] for row in listed if len(row) > 1]
    overtaken, latest = 0, 0
    for arrival in arrivals:
        overtaken += arrival < latest
        latest = max(latest, arrival)
    return Echoes(
        sent=len(listed),
        answered=len(arrivals),
        duplicated=sum(len(row) > 2 for row in listed),
        overtaken=overtaken,
        trips_ms=tuple(row[1] / 1e6 for row in listed if len(row) > 1),
    )


def enough(finding: Finding, before: Echoes, during: Echoes) -> Finding:
    """Refuse a finding of too few round trips, or of a way that was not clear before the fault."""
    if during.sent < FEWEST or before.sent < FEWEST:
        return finding.refused(f"only {before.sent} round trips before and {during.sent} during, {FEWEST} are needed")
    if before.answered < 0.98 * before.sent:
        return finding.refused(f"{before.sent - before.answered} of {before.sent} were lost before the fault already")
    return finding


def share(hits: int, sent: int, percent: float, what: str, least: float = 1.0) -> Finding:
    """Judge a share of the packets: what chance allows for `percent`, or down to `least` of it. `measured`: in percent."""
    lowest = percent * least / 100
    low = binomial.interval(round(sent * lowest), sent)[0]
    high = binomial.interval(round(sent * percent / 100), sent)[1]
    seen = binomial.interval(hits, sent)
    fits = seen[0] - 1e-9 <= percent / 100 and lowest <= seen[1] + 1e-9
    return Finding(
        100 * hits / sent if sent else None,
        f"{100 * low:.1f}..{100 * high:.1f} %",
        f"% {what}",
        proven=sent > 0 and hits > 0 and fits,
        detail=f"{hits} of {sent} echo requests",
    )
