"""What all resource faults share: their targets seen from inside, the room left on the engine's host, and whether a target lived through."""

from collections.abc import Sequence
from typing import TypeVar

from chaoslab.errors import CannotInject, LabError
from chaoslab.faults import targets
from chaoslab.faults.fault import Fault, Finding
from chaoslab.faults.within import Facts, facts
from chaoslab.model.history import Effect, Proof
from chaoslab.model.replica import Replica
from chaoslab.model.suite import HeldFaultSpec

HOST_RESERVE_BYTES = 256 << 20
"""What stays free on the engine's host whatever a fault takes."""


class ResourceSpec(targets.OnReplicas, HeldFaultSpec):
    """A resource of some replicas of a service."""


R = TypeVar("R", bound=ResourceSpec)


class ResourceFault(Fault[R]):
    """A fault that acts inside its targets."""

    def choose(self) -> None:
        """Choose the targets and look into each. Raises CannotInject where one lacks what is needed."""
        self.targets = targets.choose(self)
        self.within: dict[str, Facts] = {str(one): facts(self.lab, one, self.needs) for one in self.targets}
        self.effect_ns = 0

    def user(self, replica: Replica) -> str:
        """Return the user that the service itself runs as inside a target."""
        return self.within[str(replica)].user

    @property
    def mark(self) -> str:
        """What this fault's processes and files carry."""
        return f"{self.lab.mark}-{self.id}"

    def took_effect(self, at_ns: int, error_ns: int, waited_seconds: float = 0.0) -> Effect:
        """Say when the effect was there."""
        self.effect_ns = at_ns
        return Effect(at_ns, error_ns, f"{self.spec.describe()}: {targets.names(self.targets)}", waited_seconds)

    def now(self, replica: Replica) -> Replica | None:
        """Return a target as it is now, None when it is gone."""
        try:
            return self.lab.replica(replica.service, replica.number)
        except LabError:
            return None

    def judged(self, finding: Finding, *, survives: bool = False) -> Proof:
        """Make a finding the proof, and say which targets did not live through. `survives`: the fault outlasts a restart of its target."""
        told = lives([(one, self.now(one)) for one in self.targets])
        if not told:
            return self.proof(finding)
        return self.proof(finding.noted(told) if survives or finding.proven else finding.refused(told))


def lives(pairs: Sequence[tuple[Replica, Replica | None]]) -> str:
    """Say which targets were restarted, replaced or ended since they were chosen; empty when none was."""
    told = []
    for before, after in pairs:
        if after is None:
            told.append(f"{before} is gone")
        elif after.id != before.id:
            told.append(f"{before} was replaced by another container meanwhile")
        elif not after.running:
            told.append(f"{before} is {after.state} (exit code {after.exit_code}{', OOM-killed' * after.oom_killed})")
        elif after.started_at != before.started_at:
            told.append(f"{before} was restarted meanwhile")
    return ", ".join(told)


def check_host_memory(needed_bytes: int, free_bytes: int, what: str) -> None:
    """Raise CannotInject when the engine's host has not got that much memory, and a reserve, free."""
    if free_bytes < needed_bytes + HOST_RESERVE_BYTES:
        raise CannotInject(
            f"{what} takes up to {needed_bytes >> 20} MiB; the engine's host has {free_bytes >> 20} MiB of memory free"
            f" and {HOST_RESERVE_BYTES >> 20} MiB must stay",
            remedy="free memory on the engine's host",
        )
