"""Did the link's own client use it? Counted by netfilter in Toxiproxy's network namespace, or by work probes for clients outside the lab."""

from typing import TYPE_CHECKING, Any

from chaoslab.errors import NotProvable
from chaoslab.faults.fault import Fault, Finding, asked
from chaoslab.model.lab import Link

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab
    from chaoslab.tools.attached import Attached

PAYLOAD = ("--tcp-flags", "SYN,RST,PSH", "PSH")
"""Linux sets PSH on the last segment of each write: such a packet carries payload, a bare ACK or FIN never has it."""
ATTEMPT = ("--tcp-flags", "SYN,ACK,RST", "SYN")
LIMIT_MARGIN_SECONDS = 120


def clients(lab: "Lab", link: Link) -> tuple[str, ...]:
    """Return the addresses of the link's client; empty when the client is outside the lab. Raises NotProvable when it is down."""
    if link.client not in lab.spec.services:
        return ()
    found = tuple(address for replica in lab.replicas(link.client) for address in replica.addresses.values() if address)
    if not found:
        raise NotProvable(f"the client of {link.name}, {link.client}, is not running")
    return found


def open_rules(fault: Fault[Any], hold_seconds: float) -> "Attached":
    """Start the helper that holds packet rules in Toxiproxy's namespace, with a time limit of its own."""
    replica = fault.lab.toxiproxy_replica()
    if not replica.running:
        raise NotProvable(f"{replica} is {replica.state}: no link works")
    limit = hold_seconds + fault.step.at_seconds + LIMIT_MARGIN_SECONDS
    mark = f"{fault.lab.mark}-{fault.id}"
    return fault.start(
        "netfilter", arguments=(mark, f"{limit:g}"), network=f"container:{replica.id}", capabilities=("NET_ADMIN",)
    )


class ClientTraffic:
    """Counts packets of the link's own client; canaries and probes come from the observer's address and do not count."""

    def __init__(self, fault: Fault[Any], link: Link, flags: tuple[str, ...] = PAYLOAD) -> None:
        self._fault = fault
        self._link = link
        self._flags = flags
        self._helper: Attached | None = None
        self._at_effect = 0

    def prepare(self) -> None:
        """Put the counting rules in."""
        sources = clients(self._fault.lab, self._link)
        if not sources:
            return
        self._helper = open_rules(self._fault, self._fault.step.hold_seconds)
        match = ["-p", "tcp", "--dport", str(self._link.port), *self._flags]
        asked(self._helper, do="put", rules=[{"chain": "INPUT", "match": ["-s", source, *match]} for source in sources])

    def mark_effect(self) -> None:
        """Remember the count at the fault's effect."""
        self._at_effect = self._count()

    def since_effect(self, effect_ns: int) -> int:
        """Return how many of the client's packets reached the link since then (for an outside client: how many work samples)."""
        if self._helper is None:
            return self._work_samples(effect_ns)
        return self._count() - self._at_effect

    def judge(self, finding: Finding, effect_ns: int) -> Finding:
        """Hold a finding against the traffic: a fault that no client met is not proven."""
        what = "payload packets" if self._flags is PAYLOAD else "connection attempts"
        what = "work samples" if self._helper is None else what
        return with_traffic(finding, self.since_effect(effect_ns), self._link, what)

    def _count(self) -> int:
        if self._helper is None:
            return 0
        return sum(packets for packets, _ in (pair or (0, 0) for pair in asked(self._helper, do="read")["rules"]))

    def _work_samples(self, effect_ns: int) -> int:
        probes = [probe for probe in self._fault.lab.spec.probes.values() if probe.link == self._link.name]
        return sum(
            sample.sent_ns >= effect_ns
            for probe in probes
            for sample in tuple(self._fault.lab.history.series(probe.name))
        )


def with_traffic(finding: Finding, seen: int, link: Link, what: str) -> Finding:
    """Add how much client traffic met the fault; none: not proven."""
    if seen <= 0:
        return finding.refused(f"no client traffic crossed {link.name} ({link.client} -> {link.server})")
    return finding.noted(f"{seen} {what} of {link.client}")
