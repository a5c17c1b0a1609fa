"""kill: the engine's kill call. The engine counts it as a manual stop, so no restart policy acts; the harness starts it again."""

from typing import Literal

from chaoslab.faults import targets
from chaoslab.faults.engine_call import EngineCall, finish_quietly, running_again, stopped
from chaoslab.faults.fault import Fault
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.suite import HeldFaultSpec

LIMIT_MS = 2000.0
KILLED = 137


class KillSpec(targets.OnReplicas, HeldFaultSpec):
    """Kills containers and starts them again."""

    type: Literal["kill"] = "kill"

    def describe(self) -> str:
        """Say what is done to whom."""
        return f"docker kill of {self.who} (stays down: no restart policy acts)"

    def undoes(self) -> tuple[str, ...]:
        """Start them."""
        return (f"start {targets.of(self.target, self.count)}",)


class Kill(Fault[KillSpec]):
    """Kills through the engine's API."""

    Spec = KillSpec

    def prepare(self) -> None:
        """Choose the targets and watch their processes."""
        self.targets = targets.choose(self)
        self.call = EngineCall(self, self.targets)

    def undos(self) -> tuple[Undo, ...]:
        """Start each target."""
        return tuple(self.undo("start", replica.service, replica.number) for replica in self.targets)

    def inject(self) -> Effect:
        """Kill; the first process's end is the effect."""
        at = self.call.make(lambda replica: self.lab.engine.kill(replica.id), LIMIT_MS / 1000)
        what = f"{self.spec.describe()}: {targets.names(self.targets)}"
        return Effect(at, self.lab.history.tie.error_ns, what)

    def prove(self) -> Proof:
        """All ended at once with 137, and are still down."""
        complaint = finish_quietly(self.call)
        finding = stopped(self.call.sent, self.call.exits, self.call.now(), LIMIT_MS, KILLED)
        return self.proof(finding.refused(complaint) if complaint else finding)

    def prove_clean(self) -> Proof:
        """All run again."""
        return self.proof(running_again(self.call.now()))
