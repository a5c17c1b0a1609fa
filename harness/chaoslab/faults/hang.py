"""hang: every process of the container stopped with SIGSTOP. It exists, holds its connections, accepts new ones, and says nothing."""

from typing import Literal

from chaoslab.faults import targets
from chaoslab.faults.fault import Fault, Finding
from chaoslab.faults.signals import Signaller
from chaoslab.faults.silence import listen, silenced
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.suite import HeldFaultSpec


class HangSpec(targets.OnReplicas, HeldFaultSpec):
    """Stops processes and continues them."""

    type: Literal["hang"] = "hang"

    def describe(self) -> str:
        """Say what is sent to whom."""
        return f"SIGSTOP to all processes of {self.who}"

    def undoes(self) -> tuple[str, ...]:
        """Continue them."""
        return (f"continue the processes of {targets.of(self.target, self.count)}",)


class Hang(Fault[HangSpec]):
    """Stops through the signaller, which continues them by itself when the harness is gone."""

    Spec = HangSpec

    def prepare(self) -> None:
        """Choose the targets and watch their first processes."""
        self.targets = targets.choose(self)
        self.signaller = Signaller(self)
        for replica in self.targets:
            self.signaller.watch(replica)
        for undo in self.undos():
            self.lab.helpers[undo.id] = self.signaller.helper
        self.effect_ns = 0
        self.stopped = 0

    def undos(self) -> tuple[Undo, ...]:
        """Continue each target."""
        return tuple(self.undo("continue_process", replica.service, replica.number) for replica in self.targets)

    def inject(self) -> Effect:
        """Stop all processes; returns when each is seen to be stopped."""
        sent = self.signaller.send(self.targets, "SIGSTOP", everyone=True)
        self.effect_ns = sent.at_ns
        self.stopped = sum(self._all_stopped())
        error = sent.error_ns + self.lab.history.tie.error_ns
        return Effect(sent.at_ns, error, f"{self.spec.describe()}: {targets.names(self.targets)}")

    def prove(self) -> Proof:
        """Still stopped, and silent since; a target that was ended meanwhile (another fault) counts until its end."""
        exits = self.signaller.exits(self.targets, 0)
        now = self.lab.history.now_ns()
        until = {str(replica): exits.get(str(replica), now) for replica in self.targets}
        alive = [replica for replica in self.targets if str(replica) not in exits]
        stopped = sum(self._all_stopped()) if len(alive) == len(self.targets) else self.stopped
        finding = silenced("stopped", stopped, len(self.targets), listen(self.lab, self.targets, self.effect_ns, until))
        ended = [name for name in exits if name in until]
        return self.proof(finding.noted(f"{', '.join(ended)} was ended while stopped") if ended else finding)

    def prove_clean(self) -> Proof:
        """No process is stopped any more."""
        fresh = [self.lab.replica(replica.service, replica.number) for replica in self.targets]
        left = sum(self.signaller.states(replica).get("T", 0) for replica in fresh if replica.running)
        return self.proof(Finding(left, "0 stopped", "processes", proven=left == 0))

    def close(self) -> None:
        """End the helper, and let nobody ask it any more."""
        for undo in self.undos() if hasattr(self, "targets") else ():
            self.lab.helpers.pop(undo.id, None)
        super().close()

    def _all_stopped(self) -> list[bool]:
        """Tell for each target whether all its processes are stopped."""
        counts = [self.signaller.states(replica) for replica in self.targets]
        return [bool(count) and set(count) <= {"T", "Z"} and "T" in count for count in counts]
