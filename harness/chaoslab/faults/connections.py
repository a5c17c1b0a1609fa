"""connections: many idle or slow connections to a service's port, held open by a helper in the lab's network."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from chaoslab.clock import NS_PER_MS
from chaoslab.errors import NotProvable
from chaoslab.faults import targets
from chaoslab.faults.fault import Fault, Finding, asked
from chaoslab.faults.packet_rules import replaced
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.lab import Port
from chaoslab.model.suite import HeldFaultSpec

OPEN_SECONDS = 5.0
LIMIT_MARGIN_SECONDS = 120
MOST = 20_000
"""An engine's own limit of file descriptors can be as low (FACTS); one address has 28,000 ports to open from."""


class ConnectionsSpec(targets.OnReplicas, HeldFaultSpec):
    """Holds `number` connections to each target. `slow`: each sends a request's head, a byte a second; else they are idle."""

    type: Literal["connections"] = "connections"
    port: Port | None = None
    number: Annotated[int, Field(ge=1, le=MOST)] = 1000
    slow: bool = False

    def describe(self) -> str:
        """Say how many go where."""
        kind = "slow" if self.slow else "idle"
        port = f":{self.port}" if self.port else ""
        return f"{self.number} {kind} connections to {self.who}{port}"

    def undoes(self) -> tuple[str, ...]:
        """Close them."""
        return (f"close the connections to {targets.of(self.target, self.count)}",)

    def longest_wait_seconds(self) -> float:
        """Give what opening them all may take."""
        return 1.0 + OPEN_SECONDS


class Connections(Fault[ConnectionsSpec]):
    """One helper holds them; another one in each target's namespace counts what the target's kernel has of them."""

    Spec = ConnectionsSpec

    def prepare(self) -> None:
        """Choose targets and port, and start the helpers. Raises CannotInject when a helper may not hold as many."""
        self.targets = targets.choose(self)
        probes = targets.health_probes(self.lab, self.spec.target)
        port = self.spec.port or next((probe.port for probe in probes if probe.port), None)
        if port is None:
            raise NotProvable(f"no health probe tells at which port {self.spec.target} listens", remedy="give port")
        self.port = port
        network = next((name for name, address in self.targets[0].addresses.items() if address), "")
        self.places = [[replica.addresses.get(network, ""), port] for replica in self.targets]
        if not all(address for address, _ in self.places):
            raise NotProvable(f"{targets.names(self.targets)} have no network in common")
        limit = f"{self.step.hold_seconds + self.step.at_seconds + LIMIT_MARGIN_SECONDS:g}"
        unique = self.lab.history.now_ns() // NS_PER_MS  # the helper of an earlier repeat may be on its way out still
        self.name = f"{self.lab.spec.project}-chaoslab-connections-{self.id}-{unique}"
        wanted = str(self.spec.number * len(self.targets))
        self.holder = self.start("connections", arguments=(wanted, limit), network=network, name=self.name)
        self.counters = {
            str(replica): self.start("connections", arguments=("0", limit), network=f"container:{replica.id}")
            for replica in self.targets
        }
        self.lab.helpers[self.undos()[0].id] = self.holder
        self.most: dict[str, int] = {}
        self.source = ""
        self.ports: list[int] = []

    def undos(self) -> tuple[Undo, ...]:
        """Close them all."""
        return (self.undo("close_connections", self.spec.target, 0, container=self.name),)

    def inject(self) -> Effect:
        """Open them all; the effect lies between the first and the last."""
        answer = asked(
            self.holder,
            do="open",
            places=self.places,
            number=self.spec.number,
            slow=self.spec.slow,
            seconds=OPEN_SECONDS,
        )
        self.source, self.ports = str(answer["source"]), answer["ports"]
        self.most = self._established()
        half = answer["error_ns"] // 2
        waited = max(0.0, answer["error_ns"] / 1e9 - 1.0)  # the plan allows a second
        what = f"{self.spec.describe()}: {targets.names(self.targets)}"
        return Effect(answer["at_ns"] - half, half + self.lab.history.tie.error_ns, what, waited)

    def prove(self) -> Proof:
        """Count at the targets, as after the opening; the larger number is the effect that there was."""
        held = asked(self.holder, do="count")
        self.ports = held["ports"]
        now = self._established()
        self.most = {name: max(count, self.most.get(name, 0)) for name, count in now.items()}
        finding = held_open(self.spec.number, self.most, now, held)
        gone = replaced(self.lab, self.targets)
        return self.proof(finding.noted(", ".join(gone)) if gone else finding)

    def prove_clean(self) -> Proof:
        """The targets have none of them any more."""
        left = sum(self._established().values())
        return self.proof(Finding(left, "0 connections", "connections", proven=left == 0))

    def close(self) -> None:
        """End the helpers, and let nobody ask them any more."""
        if hasattr(self, "name"):
            self.lab.helpers.pop(self.undos()[0].id, None)
        super().close()

    def _established(self) -> dict[str, int]:
        if not self.source:
            return dict.fromkeys(self.counters, 0)
        request = {"do": "established", "port": self.port, "peer": self.source, "ports": self.ports}
        return {name: int(asked(helper, **request)["established"]) for name, helper in self.counters.items()}


def held_open(number: int, most: Mapping[str, int], now: Mapping[str, int], held: Mapping[str, Any]) -> Finding:
    """Judge it: every target's kernel had that many established connections of ours at once. `measured`: the fewest of a target.

    `most` and `now`: by target, the largest count seen and the one shortly before the revert. `held`: what the holder tells.
    """
    fewest = min(most.values(), default=0)
    refused = ", ".join(f"{count} {why}" for why, count in sorted(held["refused"].items()))
    detail = "; ".join(
        [
            ", ".join(f"{name} {count} at the end" for name, count in now.items()),
            f"{held['ended']} ended by the other side and opened anew",
            *([f"not established: {refused}"] if refused else []),
        ]
    )
    expected = f"at least {number}"
    finding = Finding(
        fewest, expected, "connections established", proven=bool(most) and fewest >= number, detail=detail
    )
    return finding if finding.proven else finding.refused(f"the target never had {number} at once")
