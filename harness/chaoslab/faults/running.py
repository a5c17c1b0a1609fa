"""One fault of a scenario while it runs: made ready, injected, reverted. Instants are lab time."""

from dataclasses import dataclass
from typing import Any

from chaoslab.clock import NS_PER_SECOND
from chaoslab.errors import NotProvable
from chaoslab.faults.catalog import make_fault
from chaoslab.faults.fault import Fault
from chaoslab.faults.picking import still_fits
from chaoslab.model.history import Undo
from chaoslab.model.plan import Step
from chaoslab.model.suite import where_of

PICK_ATTEMPTS = 2


@dataclass
class Running:
    """One fault of the scenario while it runs."""

    step: Step
    fault: Fault[Any]
    undos: tuple[Undo, ...] = ()
    effect_ns: int = 0
    proved: bool = False
    injected: bool = False
    reverted_ns: int | None = None

    @property
    def revert_due_ns(self) -> int:
        """When it is to be reverted."""
        return self.effect_ns + int(self.step.hold_seconds * NS_PER_SECOND)

    @property
    def recovery_from_ns(self) -> int:
        """From when recovery counts: its revert, or the effect of a one-shot fault."""
        return self.reverted_ns if self.reverted_ns is not None else self.effect_ns

    def prepare(self) -> None:
        """Get it ready during the baseline, unless its targets are picked only when it is due."""
        if where_of(self.step.fault) is None:
            self.fault.prepare()

    def pick(self) -> float:
        """Get a fault ready whose targets are picked now. Returns the seconds that it took, 0 for every other fault.

        Raises NotProvable when nothing fits, or what fitted no longer does once the fault is ready.
        """
        where, lab = where_of(self.step.fault), self.fault.lab
        if where is None:
            return 0.0
        began = lab.history.now_ns()
        for _ in range(PICK_ATTEMPTS):
            self.fault.prepare()
            if still_fits(lab, where, self.fault.chosen):
                return (lab.history.now_ns() - began) / NS_PER_SECOND
            self.fault.close()
            self.fault = make_fault(self.step, lab, self.fault.scenario_id)
        raise NotProvable(f"where {where}: who that is changed {PICK_ATTEMPTS} times while the fault was made ready")
