"""What a run of load tells while it runs."""

from pathlib import Path
from typing import Protocol

from chaoslab.model.load_plan import PlannedPattern
from chaoslab.model.result import ScenarioResult
from chaoslab.report.progress import Progress, Silence


class LoadProgress(Progress, Protocol):
    """The listener of a run of load."""

    def load_started(self, pieces: int, profile: str, folder: Path) -> None:
        """Begin a run of so many patterns, kept in `folder`."""

    def pattern_started(self, planned: PlannedPattern) -> None:
        """Begin a pattern."""

    def pattern_ended(self, result: ScenarioResult) -> None:
        """End a pattern with its result."""


class LoadSilence(Silence):
    """Says nothing: for `--json` and tests."""

    def load_started(self, pieces: int, profile: str, folder: Path) -> None:
        """Say nothing."""

    def pattern_started(self, planned: PlannedPattern) -> None:
        """Say nothing."""

    def pattern_ended(self, result: ScenarioResult) -> None:
        """Say nothing."""
