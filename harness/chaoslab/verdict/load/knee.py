"""Where the system broke while load grew: the knee."""

from collections.abc import Iterator
from dataclasses import dataclass

from chaoslab.model.load_pattern import Breaks
from chaoslab.model.load_result import FoundBreak
from chaoslab.verdict.expectations import number
from chaoslab.verdict.load.tape import Answers, Recording

FEWEST = 10
"""A slice with fewer requests says nothing."""
RUN = 2
"""As many good slices in a row after a broken one: that one was a hiccup."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice of the time in which load grew: accepted per second, their percentiles, and what was wrong (empty: nothing)."""

    at: float
    rate: float
    p95_ms: float | None
    p99_ms: float | None
    wrong: str


def slices(recording: Recording, breaks: Breaks, end: float | None = None) -> Iterator[Slice]:
    """Judge slice after slice, up to `end`."""
    for at, answers in recording.slices(breaks.slice_seconds, 0.0, end):
        if answers.requests >= FEWEST:
            times = (answers.latency_ms(95), answers.latency_ms(99))
            yield Slice(at, answers.accepted / breaks.slice_seconds, *times, what_is_wrong(answers, breaks))


def what_is_wrong(answers: Answers, breaks: Breaks) -> str:
    """Say what breaks a limit in these answers, empty when nothing does."""
    said = []
    p95_ms = answers.latency_ms(95)
    if p95_ms is not None and p95_ms > breaks.p95_ms:
        said.append(f"p95 {number(p95_ms)} ms, limit {number(breaks.p95_ms)} ms")
    if answers.shed + answers.errors > breaks.bad_rate * answers.requests:
        said += [
            f"{number(100 * count / answers.requests)}% {what}"
            for count, what in ((answers.shed, "shed"), (answers.errors, "failed"))
            if count
        ]
    return " and ".join(said)


def find_break(recording: Recording, breaks: Breaks, end: float | None = None) -> FoundBreak | None:
    """Find the slice from which on the system was broken: no two good slices follow it. None without requests.

    The knee is the most that was answered per second in a good slice before it.
    """
    found = list(slices(recording, breaks, end))
    if not found:
        return None
    first = _first_broken(found)
    broke = first < len(found)
    knee = max((one for one in found[:first] if not one.wrong), key=lambda one: one.rate, default=None)
    last = found[first] if broke else knee or found[-1]
    return FoundBreak(
        broke=broke,
        knee_rate=knee.rate if knee else 0.0,
        p95_ms=knee.p95_ms if knee else None,
        p99_ms=knee.p99_ms if knee else None,
        users=recording.users(last.at, last.at + breaks.slice_seconds),
        at_seconds=last.at,
        how=last.wrong if broke else "",
    )


def _first_broken(found: list[Slice]) -> int:
    """Return the index of the first slice of the broken end; as many as there are when it never broke."""
    first, good = len(found), 0
    for index in range(len(found) - 1, -1, -1):
        if found[index].wrong:
            first, good = index, 0
        else:
            good += 1
            if good >= RUN:
                break
    return first
