"""What a run tells while it runs; whoever listens decides how it looks."""

from pathlib import Path
from typing import Protocol

from chaoslab.model.plan import Plan, PlannedScenario
from chaoslab.model.result import ScenarioResult


class Progress(Protocol):
    """The listener that the spine talks to."""

    def run_started(self, plan: Plan, folder: Path) -> None:
        """Begin a run of these scenarios, kept in `folder`."""

    def step(self, text: str) -> None:
        """Do something outside any scenario: bring the lab up, mend it."""

    def scenario_started(self, planned: PlannedScenario) -> None:
        """Begin a scenario."""

    def phase(self, phase: str, seconds: float, what: str) -> None:
        """Begin a phase of the scenario that is meant to last `seconds` (0: unknown)."""

    def live(self, text: str) -> None:
        """Tell numbers of this moment, several times a second; empty: there are none any more."""

    def scenario_ended(self, result: ScenarioResult) -> None:
        """End a scenario with its result."""


class Silence:
    """Says nothing: for `--json` and tests."""

    def run_started(self, plan: Plan, folder: Path) -> None:
        """Say nothing."""

    def step(self, text: str) -> None:
        """Say nothing."""

    def scenario_started(self, planned: PlannedScenario) -> None:
        """Say nothing."""

    def phase(self, phase: str, seconds: float, what: str) -> None:
        """Say nothing."""

    def live(self, text: str) -> None:
        """Say nothing."""

    def scenario_ended(self, result: ScenarioResult) -> None:
        """Say nothing."""
