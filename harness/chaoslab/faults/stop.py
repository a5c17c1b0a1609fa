"""stop: the engine's stop call: the stop signal, a grace period, then SIGKILL. The container stays down until it is started."""

from typing import Annotated, Literal

from pydantic import Field

from chaoslab.faults import targets
from chaoslab.faults.engine_call import EngineCall, finish_quietly, running_again, stopped
from chaoslab.faults.fault import Fault
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.suite import HeldFaultSpec

SPARE_SECONDS = 3.0


class StopSpec(targets.OnReplicas, HeldFaultSpec):
    """Stops containers and starts them again. `timeout_seconds`: the grace period, in whole seconds."""

    type: Literal["stop"] = "stop"
    timeout_seconds: Annotated[int, Field(ge=0, le=600)] = 10

    def describe(self) -> str:
        """Say what is done to whom."""
        return f"docker stop of {self.who} with {self.timeout_seconds} s of grace"

    def undoes(self) -> tuple[str, ...]:
        """Start them."""
        return (f"start {targets.of(self.target, self.count)}",)

    def longest_wait_seconds(self) -> float:
        """Give the grace period and what the engine needs besides."""
        return self.timeout_seconds + SPARE_SECONDS


class Stop(Fault[StopSpec]):
    """Stops through the engine's API."""

    Spec = StopSpec

    def prepare(self) -> None:
        """Choose the targets and watch their processes."""
        self.targets = targets.choose(self)
        self.call = EngineCall(self, self.targets)

    def undos(self) -> tuple[Undo, ...]:
        """Start each target."""
        return tuple(self.undo("start", replica.service, replica.number) for replica in self.targets)

    def inject(self) -> Effect:
        """Stop; the first process's end is the effect, the time until then was the service's own to use."""
        at = self.call.make(
            lambda replica: self.lab.engine.stop(replica.id, self.spec.timeout_seconds),
            self.spec.longest_wait_seconds(),
        )
        waited = max(0, at - self.call.sent.at_ns) / 1e9
        what = f"{self.spec.describe()}: {targets.names(self.targets)}"
        return Effect(at, self.lab.history.tie.error_ns, what, waited)

    def prove(self) -> Proof:
        """All ended within the grace period, and are still down; exit code 137 tells that the grace ran out."""
        complaint = finish_quietly(self.call)
        limit_ms = 1000 * self.spec.longest_wait_seconds()
        finding = stopped(self.call.sent, self.call.exits, self.call.now(), limit_ms, None)
        return self.proof(finding.refused(complaint) if complaint else finding)

    def prove_clean(self) -> Proof:
        """All run again."""
        return self.proof(running_again(self.call.now()))
