"""What a pattern file says: load scripts, their sizes, the windows that follow from these, and what is demanded."""

from typing import Annotated, Literal

from pydantic import Field

from chaoslab.model.suite import Identifier
from chaoslab.model.value import Value
from chaoslab.model.variable import VariableName

WindowKind = Literal["base", "ramp", "steady", "peak", "drop", "rest"]
"""`base`: calm before; `ramp`: load changes; `steady`: judged; `peak`: more than the system is meant to take; `drop`: load
falls; `rest`: calm again."""

LoadMeasure = Literal[
    "error_rate",
    "shed_rate",
    "accepted_share",
    "requests",
    "rate",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "max_ms",
    "recovery_seconds",
    "knee_rate",
    "restarts",
    "oom_kills",
]
WHOLE_MEASURES = frozenset({"recovery_seconds", "knee_rate", "restarts", "oom_kills"})
"""Measures of a pattern as a whole: neither `of` a request nor `during` some windows."""

Share = Annotated[float, Field(ge=0, le=1)]
Size = Annotated[float, Field(ge=0, le=1_000_000)]


class RelativeSize(Value):
    """A size that follows from the knee.

    `of_knee` of its answers per second, as a rate; times `seconds_each`, the time that one request keeps a user busy
    (thought included), as a number of users (Little's law); never below `least` or above `most`.
    """

    of_knee: Annotated[float, Field(gt=0, le=100)]
    seconds_each: Annotated[float, Field(gt=0, le=3600)] = 1.0
    least: Annotated[float, Field(ge=1)] = 1.0
    most: Annotated[float, Field(ge=1)] | None = None

    def at(self, knee_rate: float) -> int:
        """Return the whole number that this is with a knee of so many answers per second."""
        size = max(self.least, self.of_knee * knee_rate * self.seconds_each)
        return round(size if self.most is None else min(size, self.most))


class WindowSpec(Value):
    """One stretch of a pattern. Windows follow each other from the first request on.

    `seconds`: a number or the name of a size; without, to the end (the last window only).
    """

    name: str = Field(min_length=1, max_length=40)
    kind: WindowKind
    seconds: Annotated[float, Field(ge=0, le=86_400)] | VariableName | None = None


class Breaks(Value):
    """When the system counts as broken, looked for slice by slice while load grows.

    `p95_ms` of the accepted, `bad_rate` the share that is shed or fails. `stop_after_seconds` of nothing but broken slices end k6.
    """

    p95_ms: Annotated[float, Field(gt=0)]
    bad_rate: Share = 0.01
    slice_seconds: Annotated[float, Field(ge=0.1, le=60)] = 1.0
    stop_after_seconds: Annotated[float, Field(gt=0, le=3600)] | None = None


class Threshold(Value):
    """One number against bounds: of a request's name or of all, in windows of these kinds or in all."""

    measure: LoadMeasure
    of: str | None = None
    during: tuple[WindowKind, ...] = ()
    min: float | None = None
    max: float | None = None
    warn_above: float | None = None
    warn_below: float | None = None


class Sizes(Value):
    """What the script's environment holds, by profile."""

    full: dict[VariableName, Size | RelativeSize]
    quick: dict[VariableName, Size | RelativeSize]


class Pattern(Value):
    """One load script with its sizes. `users`: which sizes `--users N` sets, each as a share of N."""

    name: Identifier
    title: str = Field(min_length=1)
    script: str = Field(min_length=1)
    sizes: Sizes
    users: dict[VariableName, Annotated[float, Field(gt=0, le=100)]] = Field(default_factory=dict)
    windows: tuple[WindowSpec, ...] = ()
    breaks: Breaks | None = None
    thresholds: tuple[Threshold, ...] = ()


class PatternFile(Value):
    """A file of patterns. `calibration` names the one that finds the knee; `thresholds` hold for every pattern with such windows."""

    name: str = Field(min_length=1)
    version: Literal[1] = 1
    description: str = ""
    calibration: str | None = None
    thresholds: tuple[Threshold, ...] = ()
    patterns: tuple[Pattern, ...] = Field(min_length=1)
    file: str = Field(default="", exclude=True)
    """Where it was read; scripts lie beside it."""
