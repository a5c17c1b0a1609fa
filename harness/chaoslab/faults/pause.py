"""pause: the engine freezes all processes of a container. The kernel still accepts its connections; nobody answers them."""

from typing import Literal

from chaoslab.faults import targets
from chaoslab.faults.fault import Fault, Finding
from chaoslab.faults.silence import listen, silenced
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.suite import HeldFaultSpec


class PauseSpec(targets.OnReplicas, HeldFaultSpec):
    """Pauses containers and unpauses them."""

    type: Literal["pause"] = "pause"

    def describe(self) -> str:
        """Say what is done to whom."""
        return f"docker pause of {self.who}"

    def undoes(self) -> tuple[str, ...]:
        """Unpause them."""
        return (f"unpause {targets.of(self.target, self.count)}",)


class Pause(Fault[PauseSpec]):
    """Pauses through the engine's API."""

    Spec = PauseSpec

    def prepare(self) -> None:
        """Choose the targets."""
        self.targets = targets.choose(self)
        self.effect_ns = 0

    def undos(self) -> tuple[Undo, ...]:
        """Unpause each target."""
        return tuple(self.undo("unpause", replica.service, replica.number) for replica in self.targets)

    def inject(self) -> Effect:
        """Pause one after the other; the effect lies within the calls."""
        _, at, error = self.timed(self._pause_all)
        self.effect_ns = at + error
        return Effect(at, error, f"{self.spec.describe()}: {targets.names(self.targets)}")

    def prove(self) -> Proof:
        """Still paused, and silent since."""
        states = [self.lab.replica(replica.service, replica.number).state for replica in self.targets]
        now = self.lab.history.now_ns()
        samples = listen(self.lab, self.targets, self.effect_ns, {str(replica): now for replica in self.targets})
        return self.proof(silenced("paused", states.count("paused"), len(self.targets), samples))

    def prove_clean(self) -> Proof:
        """None is paused any more."""
        left = [self.lab.replica(replica.service, replica.number).state for replica in self.targets].count("paused")
        return self.proof(Finding(left, "0 paused", "replicas", proven=left == 0))

    def _pause_all(self) -> None:
        for replica in self.targets:
            self.lab.engine.pause(replica.id)
