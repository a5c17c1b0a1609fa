"""Measures of a service's own metrics: a value at a phase or throughout, and the largest gap of a heartbeat."""

import heapq
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from chaoslab.model.history import Sample
from chaoslab.model.lab import METRICS_PROBE
from chaoslab.model.suite import Expectation
from chaoslab.verdict.baseline import Window
from chaoslab.verdict.findings import Findings
from chaoslab.verdict.intervals import NS_PER_SECOND
from chaoslab.verdict.measures.entry import Measured, phased, window_of
from chaoslab.verdict.outages import by_replica

LABEL = re.compile(r'([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"')
COUNTER = ("_total", "_count", "_sum")
"""How Prometheus ends the names of counters."""
BLINK = 2
"""As many unanswered questions in a row are no silence."""
ACROSS: Mapping[str, Callable[[Iterable[float]], float]] = {"sum": sum, "min": min, "max": max}


@dataclass(frozen=True, slots=True)
class Reading:
    """What one replica said of a series: between `sent_ns` and `finished_ns` it had this value; None: it did not answer or has none."""

    sent_ns: int
    finished_ns: int
    value: float | None


def matches(wanted: str, series: str) -> bool:
    """Whether a series is of the wanted metric and has all the labels that are wanted."""
    name, _, labels = wanted.partition("{")
    own_name, _, own_labels = series.partition("{")
    return name == own_name and set(LABEL.findall(labels)) <= set(LABEL.findall(own_labels))


def readings(samples: Sequence[Sample], wanted: str, across: str) -> dict[int, list[Reading]]:
    """Read each replica's values of a series, in order of sending; several series of one answer are put together by `across`."""
    return {
        replica: [_reading(sample, wanted, across) for sample in sorted(own, key=lambda sample: sample.sent_ns)]
        for replica, own in by_replica(samples).items()
    }


def _reading(sample: Sample, wanted: str, across: str) -> Reading:
    detail = sample.detail if sample.good and isinstance(sample.detail, dict) else {}
    values = [float(value) for series, value in detail.items() if matches(wanted, series)]
    return Reading(sample.sent_ns, sample.finished_ns, ACROSS[across](values) if values else None)


def _taken(findings: Findings, ask: Expectation, across: str) -> tuple[dict[int, list[Reading]], Window | None]:
    stream = findings.streams.get(f"{METRICS_PROBE}{ask.of}")
    window = window_of(findings, ask.phase)
    inside = stream.within(window) if stream and window else ()
    found = readings(inside, ask.name or "", across)
    return {replica: settled(own) for replica, own in found.items()}, window


def settled(own: Sequence[Reading]) -> list[Reading]:
    """Leave out a replica's short silences: one or two answers that did not come say nothing of whether it still leads."""
    kept: list[Reading] = []
    for known, run in groupby(own, key=lambda reading: reading.value is not None):
        stretch = list(run)
        if known or len(stretch) > BLINK or not kept:
            kept += stretch
    return kept


def _known(found: Mapping[int, Sequence[Reading]]) -> int:
    return sum(reading.value is not None for own in found.values() for reading in own)


def _nothing(findings: Findings, ask: Expectation) -> Measured:
    stream = findings.streams.get(f"{METRICS_PROBE}{ask.of}")
    if stream is None or not any(sample.good for sample in stream.samples):
        return Measured(None, 0, f"the metrics of {ask.of} were never read")
    return Measured(None, 0, f"{ask.of} told no {ask.name} then")


def _metric(findings: Findings, ask: Expectation) -> Measured:
    across, reduce = ask.across or "sum", ask.reduce or "last"
    found, _window = _taken(findings, ask, across)
    n = _known(found)
    if not n:
        return _nothing(findings, ask)
    if reduce == "last":
        last = [own[-1].value for own in found.values() if own[-1].value is not None]
        return Measured(ACROSS[across](last), n, _by_replica(found)) if last else _nothing(findings, ask)
    values = combined(found, across, reduce)
    if not values:
        return _nothing(findings, ask)
    return Measured(sum(values) / len(values) if reduce == "mean" else ACROSS[reduce](values), n)


def _by_replica(found: Mapping[int, Sequence[Reading]]) -> str:
    if len(found) < 2:
        return ""
    last = {replica: own[-1].value for replica, own in sorted(found.items())}
    return ", ".join(f"[{replica}] {'-' if value is None else f'{value:g}'}" for replica, value in last.items())


def combined(found: Mapping[int, Sequence[Reading]], across: str, reduce: str) -> list[float]:
    """Put the replicas together at every instant at which one of them answered.

    They are not asked at the same instant, so a value that changes between two answers may be either of both: for the
    largest over time the smallest candidate is taken, for the smallest the largest. So a handover is never taken for
    two leaders, nor for none; what lasts longer than two answers is seen. One replica's values are taken as they are.
    """
    if len(found) == 1:
        [only] = found.values()
        return [reading.value for reading in only if reading.value is not None]
    choose = {"max": min, "min": max}.get(reduce)
    values = []
    for at_ns in sorted(reading.finished_ns for own in found.values() for reading in own):
        replicas = [_at(own, at_ns, choose) for own in found.values()]
        known = [value for value in replicas if value is not None]
        if known:
            values.append(ACROSS[across](known))
    return values


def _at(own: Sequence[Reading], at_ns: int, choose: Callable[[Iterable[float]], float] | None) -> float | None:
    """Say what a replica's value was at an instant; None when it is not known to have had one."""
    past = [reading for reading in own if reading.finished_ns <= at_ns]
    if choose is None:
        return past[-1].value if past else None
    under_way = [reading for reading in own if reading.sent_ns <= at_ns < reading.finished_ns]
    later = [reading for reading in own if reading.sent_ns > at_ns]
    candidates = [reading.value for reading in (*past[-1:], *under_way, *later[:1])]
    known = [value for value in candidates if value is not None]
    return choose(known) if known and len(known) == len(candidates) else None


def _max_gap(findings: Findings, ask: Expectation) -> Measured:
    name = (ask.name or "").partition("{")[0]
    counting = name.endswith(COUNTER)
    across = ask.across or ("sum" if counting else "max")
    found, window = _taken(findings, ask, across)
    n = _known(found)
    if not n or window is None:
        return _nothing(findings, ask)
    steps = _steps(found, across, counting=counting)
    beats = [at for (_, before), (at, value) in pairwise(steps) if value != before]
    instants = beats if counting else [at for at, _value in steps]
    edges = [window.start_ns, *instants, min(window.end_ns, findings.end_ns)]
    gap = max((after - before for before, after in pairwise(edges)), default=0) / NS_PER_SECOND
    oldest = 0.0 if counting else max(value for _at_ns, value in steps)
    return Measured(
        max(gap, oldest), n, "" if oldest >= gap else "between two beats" if counting else "without an answer"
    )


def _steps(found: Mapping[int, Sequence[Reading]], across: str, *, counting: bool) -> list[tuple[int, float]]:
    """List what the replicas said together whenever one of them answered with a value: (instant, value).

    A replica's first value stands for it from the beginning, so that its coming is no change. One that does not answer
    has no age any more; its count stays.
    """
    answers = sorted(
        (one.finished_ns, replica, one.value) for replica, own in found.items() for one in own if one.value is not None
    )
    silences = sorted(
        (one.finished_ns, replica, None) for replica, own in found.items() for one in own if one.value is None
    )
    last = {replica: value for _at_ns, replica, value in reversed(answers)}
    steps = []
    for at_ns, replica, value in heapq.merge(answers, () if counting else silences, key=lambda one: one[0]):
        if value is None:
            last.pop(replica, None)
        else:
            last[replica] = value
            steps.append((at_ns, ACROSS[across](last.values())))
    return steps


MEASURES = (
    phased(
        "metric",
        "A series of the service's metrics: `name`, its value over time by `reduce`, over replicas by `across`.",
        _metric,
        of_kind="service with metrics",
        default_phase=None,
        needs_name=True,
        higher_is_better=None,
        takes=("reduce", "across"),
    ),
    phased(
        "max_gap",
        "Largest value of a heartbeat's age, or for a counter the longest time without a change.",
        _max_gap,
        of_kind="service with metrics",
        default_phase=None,
        needs_name=True,
        unit="s",
        takes=("across",),
    ),
)
"""The catalogue's entries that this module owns."""
