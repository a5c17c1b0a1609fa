"""What a pattern of load found: part of result.json. Times in ms and seconds, rates per second, shares 0..1."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from chaoslab.model.load_pattern import WindowKind


class LoadFound(BaseModel):
    """A frozen part of a result."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FoundAnswers(LoadFound):
    """What became of some requests. Percentiles are of the accepted; `rate`: accepted per second (None: no time passed)."""

    name: str
    requests: int
    accepted: int
    shed: int
    errors: int
    accepted_share: float | None
    rate: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class FoundWindow(FoundAnswers):
    """The same of one window, in seconds from the first request. `peak_users`: the most simulated users then."""

    kind: WindowKind
    start_seconds: float
    end_seconds: float
    peak_users: int


class FoundBreak(LoadFound):
    """Where the system broke while load grew, and how.

    `knee_rate`: the most answers per second before that, with their percentiles (None: there were none). `broke` False: it
    held throughout. `users`: at `at_seconds`.
    """

    broke: bool
    knee_rate: float
    p95_ms: float | None
    p99_ms: float | None
    users: int
    at_seconds: float
    how: str


class FoundReturn(LoadFound):
    """How long after a drop of the load answers were as quick as before. `seconds` None: they were not, while it was watched."""

    window: str
    baseline_p95_ms: float | None
    seconds: float | None
    watched_seconds: float


class FoundSeries(LoadFound):
    """The course of a pattern, by when requests were sent: one entry per `step_seconds`, from the first request on.

    Rates per second; percentiles of the accepted, ms (None: there were none).
    """

    step_seconds: float
    users: tuple[int, ...]
    accepted_rate: tuple[float, ...]
    shed_rate: tuple[float, ...]
    error_rate: tuple[float, ...]
    p50_ms: tuple[float | None, ...]
    p95_ms: tuple[float | None, ...]
    p99_ms: tuple[float | None, ...]


class FoundPattern(LoadFound):
    """The numbers of one pattern. `outcomes`: how often each status or failure; `environment`: what its script was told.

    `limit_p95_ms`: beyond it the system counts as broken, where that is looked for. `knee_rate`: the knee that the
    calibration before it had found, answers per second.
    """

    kind: Literal["pattern", "script"] = "pattern"
    script: str
    environment: dict[str, str]
    whole: FoundAnswers
    windows: tuple[FoundWindow, ...] = ()
    by_name: tuple[FoundAnswers, ...] = ()
    outcomes: dict[str, int] = {}
    series: FoundSeries
    breaking: FoundBreak | None = None
    limit_p95_ms: float | None = None
    knee_rate: float | None = None
    returns: tuple[FoundReturn, ...] = ()
    peak_users: int = 0
    k6_exit_code: int | None = None
