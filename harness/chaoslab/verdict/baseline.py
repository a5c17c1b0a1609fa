"""Whether a lab was steady before it was disturbed: all health and 99% of work samples good, 20 of each (DESIGN 9).

A probe of another role that is too slow for 20 in the window needs half of what its rate sends in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chaoslab.model.history import Sample
from chaoslab.model.lab import Probe, Service
from chaoslab.verdict.intervals import NS_PER_MS, NS_PER_SECOND
from chaoslab.verdict.outages import by_replica, probe_outages
from chaoslab.verdict.recovery import within

LEAST_SAMPLES = 20
LEAST_GOOD_WORK = 0.99
LEAST_SHARE = 0.5
"""Of the samples that a slow probe sends in the window: the last ones are still under way at its end, many of them on a busy machine."""


class Window(NamedTuple):
    """A half-open stretch of lab time."""

    start_ns: int
    end_ns: int


class Baseline(NamedTuple):
    """The answer; `reason` names each probe that was not steady, with its numbers, and is empty when all were."""

    steady: bool
    reason: str


def baseline_steady(
    series_by_probe: Mapping[str, Sequence[Sample]],
    probes: Iterable[Probe],
    window: Window,
    services: Mapping[str, Service] | None = None,
) -> Baseline:
    """Judge the baseline window.

    With `services` (LabSpec.services) every declared replica of an `each` probe must have answered.
    """
    reasons = []
    for probe in probes:
        samples = within(series_by_probe.get(probe.name, ()), *window)
        declared = services.get(probe.service) if services and probe.service else None
        replicas = declared.replicas if declared and probe.each else 1
        reasons.append(_unsteady(probe, samples, replicas, least_samples(probe, window)))
    found = [reason for reason in reasons if reason]
    return Baseline(not found, "; ".join(found))


def least_samples(probe: Probe, window: Window) -> int:
    """Say how many samples of a probe a window needs."""
    if probe.role == "health":
        return LEAST_SAMPLES
    sent = probe.rate_hz * (window.end_ns - window.start_ns) / NS_PER_SECOND
    return max(1, min(LEAST_SAMPLES, int(sent * LEAST_SHARE)))


def _unsteady(probe: Probe, samples: Sequence[Sample], replicas: int, least: int) -> str:
    """Say why a probe was not steady, or nothing."""
    streams = by_replica(samples)
    if probe.each and len(streams) < replicas:
        return f"{probe.name}: {len(streams)} of {replicas} replicas answered"
    fewest = min((len(stream) for stream in streams.values()), default=0) if probe.each else len(samples)
    if fewest < least:
        return f"{probe.name}: {fewest} samples, at least {least} are needed"
    bad = [sample for sample in samples if not sample.good]
    allowed = len(samples) * (1 - LEAST_GOOD_WORK) + 1e-9
    steady = len(bad) <= allowed if probe.role == "work" else not probe_outages(samples, each=probe.each)
    if steady:
        return ""
    outcomes = ", ".join(sorted({sample.outcome for sample in bad}))
    first = (min(sample.sent_ns for sample in bad) - min(sample.sent_ns for sample in samples)) // NS_PER_MS
    return f"{probe.name}: {len(bad)} of {len(samples)} samples were bad ({outcomes}), the first after {first} ms"
