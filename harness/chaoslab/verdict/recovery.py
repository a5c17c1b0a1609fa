"""When a lab has recovered: the first instant from which every probe stays good long enough. Asked live as well."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from chaoslab.model.history import Sample
from chaoslab.model.lab import Probe
from chaoslab.model.suite import Scenario
from chaoslab.verdict.intervals import NS_PER_SECOND, first_clear_ns
from chaoslab.verdict.outages import counted_ns, known_until_ns, probe_outages

ARRIVAL_SLACK_NS = NS_PER_SECOND // 4
"""Samples arrive ordered by their finish but for this much (batches of several replicas)."""

LOOK_BACK_NS = 15 * NS_PER_SECOND
"""How far before an instant samples tell the state at it: more than two intervals of the slowest sensible probe."""


def decisive(probes: Iterable[Probe], scenario: Scenario) -> tuple[Probe, ...]:
    """Pick the probes that say whether the lab is up: all that do not just watch, and those whose recovery is expected by name."""
    awaited = {ask.of for ask in scenario.expect if ask.measure == "recovery_seconds"}
    return tuple(probe for probe in probes if probe.role != "watch" or probe.name in awaited)


def recovered_at(
    series_by_probe: Mapping[str, Sequence[Sample]], probes: Iterable[Probe], since_ns: int, stable_ns: int
) -> int | None:
    """Find the first instant since `since_ns` with every probe good for `stable_ns` after; None while not shown.

    `series_by_probe`: each probe's samples in order of arrival, possibly still growing. `since_ns`: the last revert of
    a held fault or effect of a one-shot one. Asked ten times a second it looks only at the newest `stable_ns` of each
    series; the whole is read once, when these are good. A probe without samples has not recovered.
    """
    watched = [(probe, series_by_probe.get(probe.name, ())) for probe in probes]
    if not watched or not all(_stable_now(probe, series, since_ns, stable_ns) for probe, series in watched):
        return None
    until = min(known_until_ns(series, each=probe.each) for probe, series in watched)
    if until - stable_ns < since_ns:
        return None
    start = since_ns - LOOK_BACK_NS
    down = [span for probe, series in watched for span in probe_outages(since(series, start), each=probe.each)]
    return first_clear_ns(down, since_ns, stable_ns, until)


def _stable_now(probe: Probe, series: Sequence[Sample], since_ns: int, stable_ns: int) -> bool:
    """Whether the newest `stable_ns` of one probe, all of it after `since_ns`, are without an outage."""
    if not series:
        return False
    newest = series[-1].finished_ns
    if newest - stable_ns < since_ns:
        return False
    recent = since(series, newest - stable_ns)
    if all(sample.good for sample in recent):
        return True
    known = known_until_ns(recent, each=probe.each)
    down = probe_outages(recent, each=probe.each)
    return all(span.end_ns <= max(since_ns, known - stable_ns) for span in down)


def since(series: Sequence[Sample], start_ns: int) -> Sequence[Sample]:
    """Cut a series to the samples that can count at or after `start_ns`; a few earlier ones may be among them."""
    first = bisect_left(series, start_ns - ARRIVAL_SLACK_NS, key=lambda sample: sample.finished_ns)
    return series[first:]


def within(series: Sequence[Sample], start_ns: int, end_ns: int) -> list[Sample]:
    """Pick the samples of a series that count inside [start_ns, end_ns), as long as nothing has struck."""
    return [sample for sample in since(series, start_ns) if start_ns <= counted_ns(sample) < end_ns]
