"""disconnect: the engine takes a container out of its networks. It runs on, reaches nobody, and its name cannot be looked up."""

from collections.abc import Mapping, Sequence
from typing import Literal

from chaoslab.errors import NotProvable
from chaoslab.faults import targets
from chaoslab.faults.fault import Fault, Finding
from chaoslab.faults.packet_rules import replaced
from chaoslab.faults.silence import listen
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica
from chaoslab.model.suite import HeldFaultSpec
from chaoslab.tools.networks import Attachment


class DisconnectSpec(targets.OnReplicas, HeldFaultSpec):
    """Takes containers out of a `network` (the compose file's name or the engine's), or of all."""

    type: Literal["disconnect"] = "disconnect"
    network: str | None = None

    def describe(self) -> str:
        """Say what is taken out of what."""
        return f"{self.who} disconnected from {self.network or 'every network'}"

    def undoes(self) -> tuple[str, ...]:
        """Connect them again."""
        who = targets.of(self.target, self.count)
        return (f"connect {who} to {self.network or 'every network'} again, same aliases and address",)


class Disconnect(Fault[DisconnectSpec]):
    """Disconnects through the engine's API."""

    Spec = DisconnectSpec

    def prepare(self) -> None:
        """Choose the targets and remember aliases and addresses. Raises NotProvable when one is not in that network."""
        self.targets = targets.choose(self)
        self.places: dict[str, tuple[Attachment, ...]] = {}
        for replica in self.targets:
            found = tuple(
                place
                for place in self.lab.engine.attachments(replica.id)
                if self.spec.network in (None, place.network, place.network.removeprefix(f"{self.lab.spec.project}_"))
            )
            if not found:
                raise NotProvable(f"{replica} is not on {self.spec.network or 'any network'} before the fault")
            self.places[str(replica)] = found
        self.effect_ns = 0

    def undos(self) -> tuple[Undo, ...]:
        """Connect each target again to each network."""
        return tuple(
            self._undo(replica, place, number)
            for replica in self.targets
            for number, place in enumerate(self.places[str(replica)])
        )

    def inject(self) -> Effect:
        """Disconnect one after the other; the effect lies within the calls."""
        _, at, error = self.timed(self._disconnect_all)
        self.effect_ns = at + error
        return Effect(at, error, f"{self.spec.describe()}: {targets.names(self.targets)}")

    def prove(self) -> Proof:
        """Still out of the networks, and silent since; a target left with another network may go on answering there."""
        now = self.lab.history.now_ns()
        after = [self.lab.replica(replica.service, replica.number) for replica in self.targets]
        left = {str(replica): list(replica.addresses) for replica in after}
        samples = None
        if not any(left.values()):
            samples = listen(self.lab, self.targets, self.effect_ns, {str(replica): now for replica in self.targets})
        wanted = {name: [place.network for place in places] for name, places in self.places.items()}
        finding = out(wanted, left, samples)
        gone = replaced(self.lab, self.targets)
        return self.proof(finding.noted(", ".join(gone)) if gone else finding)

    def prove_clean(self) -> Proof:
        """Each is in its networks again."""
        after = [self.lab.replica(replica.service, replica.number) for replica in self.targets]
        return self.proof(back(self.places, after))

    def _undo(self, replica: Replica, place: Attachment, number: int) -> Undo:
        undo_id = f"{self.id}:connect_network:{replica.service}:{replica.number}:{number}"
        wanted = {"network": place.network, "aliases": list(place.aliases), "address": place.address}
        return Undo(undo_id, "connect_network", replica.service, replica.number, wanted)

    def _disconnect_all(self) -> None:
        for replica in self.targets:
            for place in self.places[str(replica)]:
                self.lab.engine.disconnect(replica.id, place.network)


def out(
    wanted: Mapping[str, Sequence[str]], left: Mapping[str, Sequence[str]], samples: tuple[int, int] | None
) -> Finding:
    """Judge it: every target is out of its `wanted` networks, and no health sample was answered.

    `left`: the networks each is in now. `samples`: (unanswered, answered), None where none can tell.
    """
    still = [
        f"{name} is on {network}" for name, networks in wanted.items() for network in networks if network in left[name]
    ]
    cut = len(wanted) - len({name for name, networks in wanted.items() if set(networks) & set(left[name])})
    seen = f"{cut} of {len(wanted)} disconnected"
    if samples is None:
        finding = Finding(cut, f"{len(wanted)} disconnected", "replicas", proven=cut == len(wanted) > 0)
        finding = finding.noted("no health probe can tell")
    else:
        silent, answered = samples
        finding = Finding(
            silent,
            "at least 1, none answered",
            "silent health samples",
            proven=silent > 0 and cut == len(wanted) > 0,
            detail=seen,
        )
        if answered:
            finding = finding.refused(f"{answered} health samples were answered meanwhile")
    return finding.refused(", ".join(still)) if still else finding


def back(places: Mapping[str, Sequence[Attachment]], after: Sequence[Replica]) -> Finding:
    """Judge the clean state: every target is in every network it was in. `measured`: places still missing. A new address is told."""
    missing, moved = [], []
    for replica in after:
        for place in places[str(replica)]:
            address = replica.addresses.get(place.network)
            if address is None:
                missing.append(f"{replica} is not on {place.network}")
            elif address not in ("", place.address):
                moved.append(f"{replica} came back as {address}, was {place.address}")
    detail = "; ".join([*missing, *moved]) or "same addresses"
    return Finding(len(missing), "0 missing", "networks", proven=not missing, detail=detail)
