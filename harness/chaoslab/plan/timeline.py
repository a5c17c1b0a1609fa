"""Profiles: when each fault starts and how long it is held."""

from dataclasses import dataclass

from chaoslab.model.plan import Profile, Step
from chaoslab.model.suite import Scenario

QUICK_HOLD_SECONDS = 5.0
QUICK_BASELINE_SECONDS = 2.0
QUICK_STABLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Windows:
    """A scenario's windows in one profile; steps are in order of time."""

    baseline_seconds: float
    stable_seconds: float
    steps: tuple[Step, ...]


def windows(scenario: Scenario, profile: Profile) -> Windows:
    """Give a scenario the windows of a profile.

    `full`: the file's own. `quick`: baseline, stability and every hold are capped
    (a hold not below what the fault's proof takes), and starts are moved closer by the
    factor that the longest hold shrinks by, so that faults which overlapped still do; those which followed one another
    still do not overlap.
    """
    steps = [
        Step(f"{scenario.id}.{index}", fault, fault.at_seconds, fault.hold_seconds())
        for index, fault in enumerate(scenario.faults, 1)
    ]
    steps.sort(key=lambda step: step.at_seconds)
    if profile == "full":
        return Windows(scenario.baseline_seconds, scenario.stable_seconds, tuple(steps))
    return Windows(
        min(scenario.baseline_seconds, QUICK_BASELINE_SECONDS),
        min(scenario.stable_seconds, QUICK_STABLE_SECONDS),
        _capped(steps),
    )


def _capped(steps: list[Step]) -> tuple[Step, ...]:
    longest = max((step.hold_seconds for step in steps), default=0.0)
    factor = min(1.0, QUICK_HOLD_SECONDS / longest) if longest else 1.0
    capped: list[Step] = []
    for step in steps:
        ended = [
            after.end_seconds
            for before, after in zip(steps, capped, strict=False)
            if before.end_seconds <= step.at_seconds
        ]
        start = max([step.at_seconds * factor, *ended])
        cap = max(QUICK_HOLD_SECONDS, step.fault.least_hold_seconds())
        capped.append(Step(step.fault_id, step.fault, start, min(step.hold_seconds, cap)))
    return tuple(capped)
