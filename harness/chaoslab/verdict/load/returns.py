"""How long after a drop of the load answers are as quick as before it."""

from collections.abc import Iterator

from chaoslab.model.load_plan import PlannedPattern, PlannedWindow
from chaoslab.model.load_result import FoundReturn
from chaoslab.verdict.load.tape import Recording

SLICE_SECONDS = 1.0
STEP_SECONDS = 0.1
TOLERANCE = 1.5
"""Calm again: a p95 of at most so many times the baseline's. A second of calm holds some 50 requests, whose p95 scatters by a fifth."""
BAD = 0.01
EDGE_SECONDS = 0.2
"""k6 may be ahead of the first request by so much: calm ends before the load that follows."""
WARM_SECONDS = 1.0
"""All users of a pattern begin at the same moment, on new connections: its first second is no baseline, where more follows."""


def returns(planned: PlannedPattern, recording: Recording) -> Iterator[FoundReturn]:
    """Look at every drop that calm follows, counting from the end of the drop."""
    baseline_ms = recording.together(baseline(planned)).latency_ms(95)
    for drop, rest in zip(planned.windows, planned.windows[1:], strict=False):
        if drop.kind == "drop" and rest.kind == "rest":
            yield _return(recording, drop.name, rest, baseline_ms)


def baseline(planned: PlannedPattern) -> Iterator[tuple[float, float | None]]:
    """Say when it was calm before the load."""
    for window in planned.windows:
        if window.kind == "base":
            start, end = window.start_seconds, window.end_seconds
            long = end is None or end - start >= 2 * WARM_SECONDS
            yield start + (WARM_SECONDS if long and start == 0 else 0.0), None if end is None else end - EDGE_SECONDS


def _return(recording: Recording, name: str, rest: PlannedWindow, baseline_ms: float | None) -> FoundReturn:
    end = recording.seconds if rest.end_seconds is None else min(rest.end_seconds - EDGE_SECONDS, recording.seconds)
    watched = max(0.0, end - rest.start_seconds)
    seconds = None
    if baseline_ms is not None:
        seconds = _calm_after(recording, rest.start_seconds, end, baseline_ms * TOLERANCE)
    return FoundReturn(window=name, baseline_p95_ms=baseline_ms, seconds=seconds, watched_seconds=watched)


def _calm_after(recording: Recording, start: float, end: float, limit_ms: float) -> float | None:
    """Find the first instant from which every second is calm, None when the last one is not."""
    calm = None
    for step in range(int((end - start - SLICE_SECONDS) / STEP_SECONDS + 1e-9), -1, -1):
        at = step * STEP_SECONDS
        answers = recording.answers(start + at, start + at + SLICE_SECONDS)
        p95 = answers.latency_ms(95)
        bad = answers.shed + answers.errors > BAD * answers.requests
        if p95 is None or p95 > limit_ms or bad:
            break
        calm = at
    return calm
