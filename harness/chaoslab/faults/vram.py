"""vram: the level of a service's ledger of simulated VRAM is set, so that it has to refuse what no longer fits."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from chaoslab.errors import CannotInject, LabError, NotProvable, ToolError
from chaoslab.faults import targets
from chaoslab.faults.fault import Finding
from chaoslab.faults.resource import ResourceFault, ResourceSpec
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica
from chaoslab.parse.answer import number_at

SLACK_PERCENT = 0.5


class VramSpec(ResourceSpec):
    """Sets the level of VRAM in use to `percent`."""

    type: Literal["vram"] = "vram"
    percent: Annotated[float, Field(ge=1, le=100)] = 100.0

    def describe(self) -> str:
        """Say what is set."""
        return f"simulated VRAM of {self.who} filled to {self.percent:g}%"

    def undoes(self) -> tuple[str, ...]:
        """Set it back."""
        return (f"set the simulated VRAM of {self.who} back",)


class Vram(ResourceFault[VramSpec]):
    """Where x-chaoslab names a service's ledger: GET tells the level, POST sets it."""

    Spec = VramSpec

    def prepare(self) -> None:
        """Choose the targets and read their levels. Raises CannotInject where the lab declares no ledger."""
        ledger = self.lab.spec.vram.get(self.spec.target)
        if ledger is None:
            raise CannotInject(
                f"the lab declares no VRAM ledger of {self.spec.target}", remedy="x-chaoslab.vram names port and path"
            )
        self.ledger = ledger
        self.targets = targets.choose(self)
        self.before = {str(one): self._level(one) for one in self.targets}
        self.effect_ns = 0

    def undos(self) -> tuple[Undo, ...]:
        """Set each level back to what it was."""
        return tuple(
            self.undo(
                "http_request",
                one.service,
                one.number,
                method="POST",
                port=self.ledger.port,
                path=self.ledger.path,
                body={"percent": self.before[str(one)]},
            )
            for one in self.targets
        )

    def inject(self) -> Effect:
        """Set one after the other; the effect lies within the calls."""
        _, at, error = self.timed(self._fill)
        return self.took_effect(at, error)

    def prove(self) -> Proof:
        """Read the levels."""
        return self.judged(exhausted(self.spec.percent, len(self.targets), self._levels()))

    def prove_clean(self) -> Proof:
        """Each level is back (or lower)."""
        high = [name for name, level in self._levels().items() if level > self.before[name] + SLACK_PERCENT]
        return self.proof(Finding(len(high), "0 still filled", "VRAM ledgers", proven=not high, detail=", ".join(high)))

    def _fill(self) -> None:
        for replica in self.targets:
            reply = self.lab.observer.request("POST", self._url(replica), body={"percent": self.spec.percent})
            if reply.status >= 300:
                raise ToolError(f"{replica} did not take the VRAM level: {reply.status} {reply.body[:200]}")

    def _levels(self) -> dict[str, float]:
        found = {}
        for replica in self.targets:
            try:
                found[str(replica)] = self._level(replica)
            except (ToolError, LabError, NotProvable):
                continue  # it does not answer: the proof says how many did
        return found

    def _level(self, replica: Replica) -> float:
        reply = self.lab.observer.request("GET", self._url(replica))
        level = number_at(reply.body, self.ledger.level)
        if level is None:
            raise NotProvable(f"{self._url(replica)} answered {reply.status} without a level at {self.ledger.level}")
        return level

    def _url(self, replica: Replica) -> str:
        return f"{replica.service}[{replica.number}]:{self.ledger.port}{self.ledger.path}"


def exhausted(percent: float, wanted: int, levels: Mapping[str, float]) -> Finding:
    """Judge it: each ledger stands at `percent` or above. `measured`: the least level."""
    said = ", ".join(f"{name} at {level:g}%" for name, level in levels.items())
    least = min(levels.values(), default=None)
    proven = len(levels) == wanted > 0 and least is not None and least >= percent - SLACK_PERCENT
    return Finding(least, f"at least {percent - SLACK_PERCENT:g} %", "% of VRAM", proven=proven, detail=said)
