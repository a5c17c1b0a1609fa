"""signal: any signal to the first process of a container, with no expectation that it ends."""

from typing import Literal

from pydantic import model_validator

from chaoslab.faults import targets
from chaoslab.faults.fault import Fault, Finding
from chaoslab.faults.signals import Sent, Signaller, check_signal
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.suite import OneShotFaultSpec

STOPPING = ("SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU")
LOOK_SECONDS = 0.1


class SignalSpec(targets.OnReplicas, OneShotFaultSpec):
    """Delivers one signal."""

    type: Literal["signal"] = "signal"
    signal: str

    @model_validator(mode="after")
    def _signal_exists(self) -> "SignalSpec":
        check_signal(self.signal)
        return self

    def describe(self) -> str:
        """Say what is sent to whom."""
        return f"{self.signal} to the process of {self.who}, whatever it does with it"

    def undoes(self) -> tuple[str, ...]:
        """Name what the signal may have done."""
        who = targets.of(self.target, self.count)
        going = (f"continue the processes of {who}",) if self.signal in STOPPING else ()
        return (*going, f"ensure running {who} (restart policy, else start)")


class Signal(Fault[SignalSpec]):
    """Sends the signal through a pidfd after checking whose process it is."""

    Spec = SignalSpec

    def prepare(self) -> None:
        """Choose the targets and open their pidfds."""
        self.targets = targets.choose(self)
        self.signaller = Signaller(self)
        for replica in self.targets:
            self.signaller.watch(replica)
        self.sent: Sent | None = None

    def undos(self) -> tuple[Undo, ...]:
        """Each target runs again, and is not stopped."""
        verbs = ("ensure_running", "continue_process") if self.spec.signal in STOPPING else ("ensure_running",)
        return tuple(self.undo(verb, replica.service, replica.number) for replica in self.targets for verb in verbs)

    def inject(self) -> Effect:
        """Send it; the delivery is the effect."""
        self.sent = self.signaller.send(self.targets, self.spec.signal)
        error = self.sent.error_ns + self.lab.history.tie.error_ns
        return Effect(self.sent.at_ns, error, f"{self.spec.describe()}: {targets.names(self.targets)}")

    def prove(self) -> Proof:
        """Count deliveries, and say what became of the processes."""
        exits = self.signaller.exits(self.targets, LOOK_SECONDS)
        states = {str(replica): self.signaller.states(replica) for replica in self.targets if str(replica) not in exits}
        return self.proof(delivered(self.sent, len(self.targets), exits, states))

    def prove_clean(self) -> Proof:
        """No process of the targets is stopped, and all run."""
        running = [self.lab.replica(replica.service, replica.number) for replica in self.targets]
        up = sum(replica.running for replica in running)
        return self.proof(Finding(up, f"{len(running)} running", "replicas", proven=up == len(running)))


def delivered(sent: Sent | None, wanted: int, exits: dict[str, int], states: dict[str, dict[str, int]]) -> Finding:
    """Judge a delivery. `exits`: instants of ends by target; `states`: processes by state letter of those that live."""
    got = sent.processes if sent else 0
    at = sent.at_ns if sent else 0
    said = [f"{name} ended after {max(0, end - at) / 1e6:.1f} ms" for name, end in exits.items()]
    said += [
        f"{name} lives (" + ", ".join(f"{number} {letter}" for letter, number in sorted(counts.items())) + ")"
        for name, counts in states.items()
    ]
    return Finding(got, f"{wanted} delivered", "signals", proven=got == wanted > 0, detail=", ".join(said))
