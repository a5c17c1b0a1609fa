"""restart: the engine's restart call: stop with a grace period, then start, as one action."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from chaoslab.faults import targets
from chaoslab.faults.engine_call import EngineCall, running_again
from chaoslab.faults.fault import Fault, Finding
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica
from chaoslab.model.suite import OneShotFaultSpec

SPARE_SECONDS = 3.0


class RestartSpec(targets.OnReplicas, OneShotFaultSpec):
    """Restarts containers. `timeout_seconds`: the grace period, in whole seconds."""

    type: Literal["restart"] = "restart"
    timeout_seconds: Annotated[int, Field(ge=0, le=600)] = 10

    def describe(self) -> str:
        """Say what is done to whom."""
        return f"docker restart of {self.who} with {self.timeout_seconds} s of grace"

    def undoes(self) -> tuple[str, ...]:
        """Nothing is left to do unless the engine failed to start it."""
        return (f"ensure running {targets.of(self.target, self.count)}",)

    def longest_wait_seconds(self) -> float:
        """Give the grace period and what the engine needs besides."""
        return self.timeout_seconds + 2 * SPARE_SECONDS


class Restart(Fault[RestartSpec]):
    """Restarts through the engine's API."""

    Spec = RestartSpec

    def prepare(self) -> None:
        """Choose the targets and watch their processes."""
        self.targets = targets.choose(self)
        self.call = EngineCall(self, self.targets)

    def undos(self) -> tuple[Undo, ...]:
        """Each target runs."""
        return tuple(self.undo("ensure_running", replica.service, replica.number) for replica in self.targets)

    def inject(self) -> Effect:
        """Restart; the first process's end is the effect, the engine's start is waited for."""
        limit = self.spec.timeout_seconds + SPARE_SECONDS
        at = self.call.make(lambda replica: self.lab.engine.restart(replica.id, self.spec.timeout_seconds), limit)
        self.call.finish()
        waited = (self.lab.history.now_ns() - self.call.sent.at_ns) / 1e9
        what = f"{self.spec.describe()}: {targets.names(self.targets)}"
        return Effect(at, self.lab.history.tie.error_ns, what, waited)

    def prove(self) -> Proof:
        """Every process ended and another one was started."""
        return self.proof(restarted(self.call.sent.at_ns, self.call.exits, self.targets, self.call.now()))

    def prove_clean(self) -> Proof:
        """All run."""
        return self.proof(running_again(self.call.now()))


def restarted(sent_ns: int, exits: dict[str, int], before: Sequence[Replica], after: Sequence[Replica]) -> Finding:
    """Judge a restart: each process ended, StartedAt changed, and it runs. `measured`: the slowest end in ms after the call."""
    slowest = max((max(0.0, (end - sent_ns) / 1e6) for end in exits.values()), default=None)
    renewed = [new for old, new in zip(before, after, strict=True) if new.running and new.started_at != old.started_at]
    expected = f"{len(before)} ended and started anew"
    proven = slowest is not None and len(exits) == len(renewed) == len(before)
    return Finding(
        slowest, expected, "ms until the end", proven=proven, detail=f"{len(renewed)} of {len(before)} started anew"
    )
