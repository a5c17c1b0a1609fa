"""When the steps of a scenario happen: as planned, and when they are held up by injections that wait as long as they may."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chaoslab.model.plan import Step

Action = Literal["inject", "revert", "recovery"]


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens on a scenario's timeline, in seconds from the end of its baseline. `step` None: the recovery begins.

    What the calls themselves take comes on top, some 0.1 s each.
    """

    action: Action
    step: Step | None
    at_seconds: float
    if_held_up_seconds: float


def moments(steps: Sequence[Step]) -> tuple[Moment, ...]:
    """Give what happens, in the order in which it does when nothing is held up."""
    by_id = {step.fault_id: step for step in steps}
    held_up = _played(steps, slow=True)
    return tuple(
        Moment(action, by_id.get(fault_id), at, held_up[action, fault_id])
        for (action, fault_id), at in _played(steps, slow=False).items()
    )


def _played(steps: Sequence[Step], *, slow: bool) -> dict[tuple[Action, str], float]:
    """Play the steps as `experiment.py` does: one after the other, holds from their effect, the rest moved by what was waited for."""
    found: dict[tuple[Action, str], float] = {}
    waiting = sorted(steps, key=lambda step: step.at_seconds)
    held: list[tuple[float, Step]] = []
    now = waited = 0.0
    while waiting or held:
        due = min(held, key=lambda one: one[0], default=None)
        if waiting and (due is None or waiting[0].at_seconds + waited <= due[0]):
            step = waiting.pop(0)
            now = found["inject", step.fault_id] = max(now, step.at_seconds + waited)
            stall = step.fault.stall_seconds() if slow else 0.0
            now, waited = now + stall, waited + stall
            if step.fault.held:
                held.append((now + step.hold_seconds, step))
        elif due is not None:
            held.remove(due)
            now = found["revert", due[1].fault_id] = max(now, due[0])
    found["recovery", ""] = now
    return found
