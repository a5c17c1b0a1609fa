"""What a run of load is going to do: patterns with their sizes filled in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chaoslab.model.load_pattern import Breaks, Threshold, WindowKind
from chaoslab.model.plan import Profile


@dataclass(frozen=True, slots=True)
class PlannedWindow:
    """A stretch of a pattern, in seconds from its first request; without end the last one goes on to the last request.

    `overload`: more than the pattern is known by was asked for, so what is shed then is shown and not judged.
    """

    name: str
    kind: WindowKind
    start_seconds: float
    end_seconds: float | None
    overload: bool = False


@dataclass(frozen=True, slots=True)
class PlannedPattern:
    """A script to run with its environment. `own_thresholds`: a foreign script, whose k6 thresholds decide.

    `knee_rate`: the knee that was known when its sizes were filled in, answers per second.
    """

    suite: str
    name: str
    title: str
    script: Path
    environment: Mapping[str, str]
    windows: tuple[PlannedWindow, ...] = ()
    breaks: Breaks | None = None
    thresholds: tuple[Threshold, ...] = ()
    own_thresholds: bool = False
    knee_rate: float | None = None

    @property
    def seconds(self) -> float | None:
        """How long its windows last together; None when the script alone knows."""
        return self.windows[-1].end_seconds if self.windows else None

    def window_at(self, seconds: float) -> PlannedWindow | None:
        """Return the window that holds an instant, in seconds from the first request."""
        inside = (window for window in self.windows if window.start_seconds <= seconds)
        return next((window for window in inside if window.end_seconds is None or seconds < window.end_seconds), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """How the sizes of patterns are asked for: a profile, a number of users instead, single values above all."""

    profile: Profile = "quick"
    users: int | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
