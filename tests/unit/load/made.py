"""Hand-made load: requests by a function of time, pattern files, planned patterns."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from chaoslab.model.load import LoadBatch, LoadRow
from chaoslab.model.load_pattern import Breaks, Threshold
from chaoslab.model.load_plan import PlannedPattern, PlannedWindow
from chaoslab.verdict.intervals import NS_PER_SECOND
from chaoslab.verdict.load.tape import Recording, Tape

TASK, LOGIN = "POST /v2/tasks", "POST /auth/login"
START_NS = 7 * NS_PER_SECOND
Answer = tuple[int, int | str]
"""How long a request took (ms) and what became of it."""


def steadily(_at: float) -> Answer:
    """Answer in 50 ms, always."""
    return 50, 200


def tape(
    seconds: float,
    rate: float | Callable[[float], float],
    answer: Callable[[float], Answer] = steadily,
    name: str = TASK,
    users: int = 10,
) -> Tape:
    """Make a tape of evenly spaced requests."""
    made = Tape()
    since_ns = 0
    while since_ns < seconds * NS_PER_SECOND:
        at = since_ns / NS_PER_SECOND
        milliseconds, outcome = answer(at)
        sent_ns = START_NS + since_ns
        row = LoadRow(name, sent_ns, milliseconds * 1000, outcome)
        made.add(LoadBatch(sent_ns + 1, users, (row,)))
        since_ns += round(NS_PER_SECOND / (rate(at) if callable(rate) else rate))
    return made


def recording(
    seconds: float, rate: float | Callable[[float], float], answer: Callable[[float], Answer] = steadily
) -> Recording:
    """Make a tape that is over."""
    return Recording(tape(seconds, rate, answer))


def windows(*parts: tuple[str, float | None]) -> tuple[PlannedWindow, ...]:
    """Make consecutive windows, each named after its kind and number: (kind, seconds)."""
    at, made = 0.0, []
    for number, (kind, seconds) in enumerate(parts):
        end = None if seconds is None else at + seconds
        made.append(PlannedWindow(f"{kind} {number}", kind, at, end))  # type: ignore[arg-type]
        at = end or at
    return tuple(made)


def pattern(
    parts: Iterable[tuple[str, float | None]] = (),
    thresholds: Iterable[dict[str, Any]] = (),
    breaks: Breaks | None = None,
    **keys: Any,
) -> PlannedPattern:
    """Make a planned pattern."""
    asked = tuple(Threshold.model_validate_json(json.dumps(one)) for one in thresholds)
    return PlannedPattern(
        suite="load",
        name="made",
        title="Made by hand",
        script=Path("made.js"),
        environment={"BASE_URL": "http://lab", "ADMIN_PASSWORD": "hush"},
        windows=windows(*parts),
        breaks=breaks,
        thresholds=asked,
        **keys,
    )
