"""Measures of a probe's answers in a phase: availability, latency, errors, outcomes, captured values."""

import math
from collections.abc import Callable, Sequence

from chaoslab.model.history import Sample
from chaoslab.model.load import SHED
from chaoslab.model.suite import Expectation
from chaoslab.verdict.findings import Findings
from chaoslab.verdict.intervals import NS_PER_MS
from chaoslab.verdict.measures.entry import NOTHING, Measure, Measured, phased, samples_of


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Take the nearest-rank percentile of ascending values: the ceil(percent/100 * n)th; None when there are none."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def latencies_ms(samples: Sequence[Sample]) -> list[float]:
    """List the good samples' times from send to finish, ms, ascending."""
    return sorted((sample.finished_ns - sample.sent_ns) / NS_PER_MS for sample in samples if sample.good)


def _availability(findings: Findings, ask: Expectation) -> Measured:
    samples = samples_of(findings, ask)
    if not samples or ask.of is None:
        return NOTHING
    window = findings.phases[ask.phase or "during"]
    bad = sum(not sample.good for sample in samples)
    return Measured(findings.streams[ask.of].availability(window), len(samples), bad=bad)


def _latency(percent: float) -> Callable[[Findings, Expectation], Measured]:
    def take(findings: Findings, ask: Expectation) -> Measured:
        values = latencies_ms(samples_of(findings, ask))
        return Measured(percentile(values, percent), len(values), "" if values else "no good samples")

    return take


def failed(sample: Sample) -> bool:
    """Whether an answer is an error: bad, and not refused as promised."""
    return not sample.good and sample.outcome != SHED


def error_rate(samples: Sequence[Sample]) -> float | None:
    """Give the share of errors, 0..1; None without samples."""
    return sum(map(failed, samples)) / len(samples) if samples else None


def _errors(findings: Findings, ask: Expectation) -> Measured:
    samples = samples_of(findings, ask)
    return Measured(sum(map(failed, samples)), len(samples)) if samples else NOTHING


def _error_rate(findings: Findings, ask: Expectation) -> Measured:
    samples = samples_of(findings, ask)
    return Measured(error_rate(samples), len(samples)) if samples else NOTHING


def _count(findings: Findings, ask: Expectation) -> Measured:
    count = len(samples_of(findings, ask))
    return Measured(count, count)


def _status(findings: Findings, ask: Expectation) -> Measured:
    samples = samples_of(findings, ask)
    if not samples:
        return NOTHING
    return Measured(sum(sample.outcome == ask.name for sample in samples) / len(samples), len(samples))


def _distinct(findings: Findings, ask: Expectation) -> Measured:
    samples = samples_of(findings, ask, "after")
    return Measured(*distinct(samples)) if samples else NOTHING


def distinct(samples: Sequence[Sample]) -> tuple[int, int, str]:
    """Count distinct captured values of good samples: how many, of how many samples, and the first few of them."""
    details = sorted({str(sample.detail) for sample in samples if sample.good and sample.detail is not None})
    return len(details), len(samples), ", ".join(details[:8])


def _ms(name: str, percent: float, doc: str) -> Measure:
    return phased(name, f"{doc} latency of good samples.", _latency(percent), unit="ms")


MEASURES = (
    phased(
        "availability",
        "Share of the phase's time during which the probe was up, 0 to 1.",
        _availability,
        unit="share",
        higher_is_better=True,
    ),
    _ms("p50_ms", 50, "Median"),
    _ms("p95_ms", 95, "95th percentile (nearest rank) of the"),
    _ms("p99_ms", 99, "99th percentile (nearest rank) of the"),
    _ms("max_ms", 100, "Largest"),
    phased("errors", "Count of bad samples that were not shed.", _errors),
    phased("error_rate", "Share of bad samples that were not shed, 0 to 1.", _error_rate, unit="share"),
    phased("samples", "Count of samples.", _count, higher_is_better=None),
    phased(
        "status",
        "Share of samples with outcome `name`, 0 to 1.",
        _status,
        unit="share",
        higher_is_better=None,
        needs_name=True,
    ),
    phased(
        "distinct",
        "Count of distinct captured values of good samples.",
        _distinct,
        default_phase="after",
        higher_is_better=True,
    ),
)
"""The catalogue's entries that this module owns."""
