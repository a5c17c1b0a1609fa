"""What a run is going to do: suites and a profile turned into ordered, bounded steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from chaoslab.model.suite import FaultSpec, Scenario, Slo

Profile = Literal["quick", "full"]
REPEAT_MARK = "#"
"""Stands between a scenario's id and the number of its repeat; no id holds it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fault of a scenario with its place on the timeline. `fault_id` is unique in its scenario, e.g. `NF-002.1`."""

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
    overlays: tuple[str, ...] = ()
    """Compose files that the lab is brought up with for it, besides its own."""
    drawn_from: int = field(default=0, compare=False)
    """Of how many its faults were drawn (a campaign); 0: they are as the file has them."""
    file: str = ""
    """The suite's file: what the scenario names lies beside it."""
    repeat: int = 0
    """Which of its repeats this is, from 1; 0 in a run without repeats."""

    @property
    def key(self) -> str:
        """What it is called, unique in the run: the scenario's id, with the number of the repeat (`NF-001#2`) where there are some."""
        return f"{self.scenario.id}{REPEAT_MARK}{self.repeat}" if self.repeat else self.scenario.id

    @property
    def declared_seconds(self) -> float:
        """The windows that it declares: baseline, holds and stable time."""
        return self.baseline_seconds + self.hold_seconds + self.stable_seconds

    @property
    def hold_seconds(self) -> float:
        """From the end of the baseline to the last revert."""
        return max(step.end_seconds for step in self.steps)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run will do, in order. `slos`: what each suite is held to, by name."""

    profile: Profile
    seed: int
    scenarios: tuple[PlannedScenario, ...]
    slos: Mapping[str, Slo] = field(default_factory=dict)

    @property
    def worst_case_seconds(self) -> float:
        """The longest the whole plan can take, without setting up the lab."""
        return sum(planned.worst_case_seconds for planned in self.scenarios)

    @property
    def declared_seconds(self) -> float:
        """The sum of the windows that its scenarios declare."""
        return sum(planned.declared_seconds for planned in self.scenarios)

    @property
    def sessions(self) -> tuple[tuple[PlannedScenario, ...], ...]:
        """Its scenarios cut where the lab is brought up with other compose files."""
        groups = groupby(self.scenarios, key=lambda planned: planned.overlays)
        return tuple(tuple(scenarios) for _overlays, scenarios in groups)
