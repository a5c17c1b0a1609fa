"""packet_loss: netfilter drops a share of the packets between a link's client and its proxy, in both directions."""

from typing import Annotated, Any, Literal

from pydantic import Field

from chaoslab.errors import CannotInject
from chaoslab.faults import binomial, traffic
from chaoslab.faults.fault import Fault, Finding, asked
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.suite import DEFAULT_LINK, HeldFaultSpec

RULES_PER_CLIENT = 5


class PacketLossSpec(HeldFaultSpec):
    """Loses packets on a link."""

    type: Literal["packet_loss"] = "packet_loss"
    link: str = DEFAULT_LINK
    percent: Annotated[float, Field(ge=1, le=100)]

    def describe(self) -> str:
        """Say what is lost where."""
        return f"{self.percent:g}% of packets dropped on {self.link}, both ways (netfilter)"

    def undoes(self) -> tuple[str, ...]:
        """Remove the rules."""
        return (f"remove the packet rules of {self.link}",)


class PacketLoss(Fault[PacketLossSpec]):
    """Rules in Toxiproxy's network namespace; loopback and the observer never match them."""

    Spec = PacketLossSpec

    def prepare(self) -> None:
        """Start the helper that will hold the rules. Raises CannotInject for clients outside the lab."""
        self.link = self.lab.spec.links[self.spec.link]
        self.sources = traffic.clients(self.lab, self.link)
        if not self.sources:
            raise CannotInject(
                f"the clients of {self.link.name} are outside the lab: their packets cannot be told from others"
            )
        self.proxy = self.lab.toxiproxy_replica()
        self.helper = traffic.open_rules(self, self.step.hold_seconds)
        self.lab.helpers[self.undos()[0].id] = self.helper

    def undos(self) -> tuple[Undo, ...]:
        """Remove the rules with this fault's mark."""
        return (self.undo("remove_rules", self.proxy.service, self.proxy.number, mark=f"{self.lab.mark}-{self.id}"),)

    def inject(self) -> Effect:
        """Put all rules in by one call; the helper's own clock is lab time."""
        answer = asked(self.helper, do="put", rules=rules(self.sources, self.link.port, self.spec.percent))
        error = answer["error_ns"] // 2 + self.lab.history.tie.error_ns
        return Effect(answer["at_ns"] - answer["error_ns"] // 2, error, self.spec.describe())

    def prove(self) -> Proof:
        """Read the rules' counters."""
        counters = asked(self.helper, do="read")["rules"]
        seen, payload, dropped = counted(counters)
        finding = lost(self.spec.percent, seen, dropped, payload)
        if seen == 0:
            finding = finding.refused(
                f"no client traffic crossed {self.link.name} ({self.link.client} -> {self.link.server})"
            )
        if self.lab.toxiproxy_replica().started_at != self.proxy.started_at:
            finding = finding.refused(
                f"{self.proxy} was restarted meanwhile: the rules went with its network namespace"
            )
        return self.proof(finding)

    def prove_clean(self) -> Proof:
        """None of the rules is left."""
        left = sum(pair is not None for pair in asked(self.helper, do="read")["rules"])
        return self.proof(Finding(left, "0 rules", "rules", proven=left == 0))

    def close(self) -> None:
        """End the helper, and let nobody ask it any more."""
        if hasattr(self, "helper"):
            self.lab.helpers.pop(self.undos()[0].id, None)
        super().close()


def rules(sources: tuple[str, ...], port: int, percent: float) -> list[dict[str, Any]]:
    """Return the rules for each client: packets seen, those with payload, and the drop; then seen and drop of the way back."""
    chance = [] if percent >= 100 else ["-m", "statistic", "--mode", "random", "--probability", f"{percent / 100:.4f}"]
    drop = ["-j", "DROP"]
    found: list[dict[str, Any]] = []
    for source in sources:
        there = ["-s", source, "-p", "tcp", "--dport", str(port)]
        back = ["-d", source, "-p", "tcp", "--sport", str(port)]
        found += [
            {"chain": "INPUT", "match": there},
            {"chain": "INPUT", "match": [*there, *traffic.PAYLOAD]},
            {"chain": "INPUT", "match": [*there, *chance], "target": drop},
            {"chain": "OUTPUT", "match": back},
            {"chain": "OUTPUT", "match": [*back, *chance], "target": drop},
        ]
    return found


def counted(counters: list[list[int] | None]) -> tuple[int, int, int]:
    """Sum up the counters of `rules`, in its order: packets seen, of these with payload from the client, dropped."""
    packets = [pair[0] if pair else 0 for pair in counters]
    columns = [packets[place::RULES_PER_CLIENT] for place in range(RULES_PER_CLIENT)]
    seen_in, payload, dropped_in, seen_out, dropped_out = (sum(column) for column in columns)
    return seen_in + seen_out, payload, dropped_in + dropped_out


def lost(percent: float, seen: int, dropped: int, payload: int) -> Finding:
    """Judge a loss: the dropped share is what chance allows for the declared one, and packets with payload were among those seen.

    At 100% no new connection comes about, so there may be no payload to lose: attempts are enough.
    """
    low, high = binomial.interval(round(seen * percent / 100), seen)
    expected = "100 %" if percent >= 100 else f"{100 * low:.1f}..{100 * high:.1f} %"
    detail = f"{dropped} of {seen} packets dropped, {payload} of the client's with payload"
    fits = dropped == seen if percent >= 100 else binomial.fits(dropped, seen, percent / 100)
    proven = fits and dropped > 0 and (payload > 0 or percent >= 100)
    return Finding(100 * dropped / seen if seen else None, expected, "% of packets", proven=proven, detail=detail)
