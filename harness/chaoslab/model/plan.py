"""What a run is going to do: suites and a profile turned into ordered, bounded steps."""

from dataclasses import dataclass
from typing import Literal

from chaoslab.model.suite import FaultSpec, Scenario

Profile = Literal["quick", "full"]


@dataclass(frozen=True, slots=True)
class Step:
    """One fault of a scenario with its place on the timeline. `fault_id` is unique in the run, e.g. `NF-002.1`."""

    fault_id: str
    fault: FaultSpec
    at_seconds: float
    hold_seconds: float

    @property
    def end_seconds(self) -> float:
        """When the fault is reverted, counted from the end of the baseline."""
        return self.at_seconds + self.hold_seconds


@dataclass(frozen=True, slots=True)
class PlannedScenario:
    """A scenario with the windows that its profile gives it."""

    suite: str
    scenario: Scenario
    baseline_seconds: float
    stable_seconds: float
    recovery_deadline_seconds: float
    steps: tuple[Step, ...]
    targets: tuple[str, ...]
    worst_case_seconds: float

    @property
    def key(self) -> str:
        """The scenario's id, unique in the run."""
        return self.scenario.id

    @property
    def hold_seconds(self) -> float:
        """From the end of the baseline to the last revert."""
        return max(step.end_seconds for step in self.steps)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run will do, in order."""

    profile: Profile
    seed: int
    scenarios: tuple[PlannedScenario, ...]

    @property
    def worst_case_seconds(self) -> float:
        """The longest the whole plan can take, without setting up the lab."""
        return sum(planned.worst_case_seconds for planned in self.scenarios)
