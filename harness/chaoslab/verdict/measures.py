"""The catalogue of measures: each turns a scenario's findings into one number. Bounds are judged elsewhere."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from chaoslab.model.history import Sample
from chaoslab.model.suite import Expectation, Phase
from chaoslab.model.vocabulary import MeasureSpec
from chaoslab.verdict.findings import Findings, Stream
from chaoslab.verdict.intervals import NS_PER_MS, NS_PER_SECOND, clip

PHASES: tuple[Phase, ...] = ("before", "during", "after")


@dataclass(frozen=True, slots=True)
class Measured:
    """One number. `observed` None: nothing could be measured, unless `broken` says that it is known to be bad."""

    observed: float | None
    n: int
    note: str = ""
    bad: int = 0
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """A catalogue entry: how a file asks for it, and how it is taken."""

    spec: MeasureSpec
    take: Callable[[Findings, Expectation], Measured]


NOTHING = Measured(None, 0, "no samples")


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Take the nearest-rank percentile of ascending values: the ceil(percent/100 * n)th; None when there are none."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def latencies_ms(samples: Sequence[Sample]) -> list[float]:
    """List the good samples' times from send to finish, ms, ascending."""
    return sorted((sample.finished_ns - sample.sent_ns) / NS_PER_MS for sample in samples if sample.good)


def _samples(findings: Findings, ask: Expectation) -> Sequence[Sample]:
    """Pick the samples of the probe and phase that are asked for."""
    stream = findings.streams.get(ask.of or "")
    window = findings.phases.get(ask.phase or MEASURES[ask.measure].spec.default_phase or "during")
    return stream.within(window) if stream and window else ()


def _streams(findings: Findings, ask: Expectation) -> list[Stream]:
    """Pick the probe that is asked for, or all of them."""
    return [stream for name, stream in findings.streams.items() if ask.of in (None, name)]


def _availability(findings: Findings, ask: Expectation) -> Measured:
    samples = _samples(findings, ask)
    if not samples or ask.of is None:
        return NOTHING
    window = findings.phases[ask.phase or "during"]
    bad = sum(not sample.good for sample in samples)
    return Measured(findings.streams[ask.of].availability(window), len(samples), bad=bad)


def _latency(percent: float) -> Callable[[Findings, Expectation], Measured]:
    def take(findings: Findings, ask: Expectation) -> Measured:
        values = latencies_ms(_samples(findings, ask))
        return Measured(percentile(values, percent), len(values), "" if values else "no good samples")

    return take


def _errors(findings: Findings, ask: Expectation) -> Measured:
    samples = _samples(findings, ask)
    return Measured(sum(not sample.good for sample in samples), len(samples)) if samples else NOTHING


def _count(findings: Findings, ask: Expectation) -> Measured:
    count = len(_samples(findings, ask))
    return Measured(count, count)


def _status(findings: Findings, ask: Expectation) -> Measured:
    samples = _samples(findings, ask)
    if not samples:
        return NOTHING
    return Measured(sum(sample.outcome == ask.name for sample in samples) / len(samples), len(samples))


def _distinct(findings: Findings, ask: Expectation) -> Measured:
    samples = _samples(findings, ask)
    return Measured(*distinct(samples)) if samples else NOTHING


def distinct(samples: Sequence[Sample]) -> tuple[int, int, str]:
    """Count distinct captured values of good samples: how many, of how many samples, and the first few of them."""
    details = sorted({str(sample.detail) for sample in samples if sample.good and sample.detail is not None})
    return len(details), len(samples), ", ".join(details[:8])


def _lost(findings: Findings, ask: Expectation) -> Measured:
    work = [
        sample
        for stream in _streams(findings, ask)
        if stream.probe.role == "work"
        for sample in stream.samples
        if sample.finished_ns >= findings.strike.at_ns
    ]
    return Measured(sum(sample.outcome == "timeout" for sample in work), len(work)) if work else NOTHING


def _restarts(findings: Findings, ask: Expectation) -> Measured:
    """Add up how restart counts grew; a replica that was recreated counts from 0 again."""
    counts = {
        event.data.get("phase"): event.data.get("restarts", {}) for event in findings.recorded.of_kind("replicas")
    }
    before, after = counts.get("before"), counts.get("after")
    if before is None or after is None:
        return Measured(None, 0, "restart counts were not recorded")
    own = [replica for replica in after if replica.partition("[")[0] == ask.of]
    grown = sum(max(0, after[replica] - before.get(replica, 0)) for replica in own)
    return Measured(grown, len(own)) if own else Measured(None, 0, "no replicas")


def _recovery(findings: Findings, ask: Expectation) -> Measured:
    streams = _streams(findings, ask)
    n = sum(len(stream.samples) for stream in streams)
    outcome = findings.recovery(streams)
    if outcome == "not_recovered":
        waited = (findings.end_ns - findings.reference.at_ns) / NS_PER_SECOND
        return Measured(None, n, f"not recovered after {waited:.1f} s", broken=True)
    if outcome == "rode_out":
        return Measured(0.0, n, unseen_text(streams))
    taken = findings.time_to_recover(streams)
    return Measured(taken[0] / NS_PER_SECOND, n) if taken else NOTHING


def _longest_outage(findings: Findings, ask: Expectation) -> Measured:
    streams = _streams(findings, ask)
    n = sum(len(stream.samples) for stream in streams)
    lengths = [span.length_ns for s in streams for span in clip(s.outages, findings.strike.at_ns, findings.end_ns)]
    if not n:
        return NOTHING
    note = "" if lengths else unseen_text(streams)
    return Measured(max(lengths, default=0) / NS_PER_SECOND, n, note)


def _detect(findings: Findings, ask: Expectation) -> Measured:
    streams = _streams(findings, ask)
    n = sum(len(stream.samples) for stream in streams)
    firsts = [bad.finished_ns for stream in streams if (bad := stream.first_bad())]
    if not firsts:
        return Measured(None, n, "no outage, so nothing to detect")
    return Measured((min(firsts) - findings.strike.at_ns) / NS_PER_SECOND, n)


def unseen_ns(streams: Sequence[Stream]) -> int | None:
    """Bound the outage that these may have missed; health probes decide where there are any."""
    health = [stream for stream in streams if stream.probe.role == "health"]
    gaps = [stream.unseen_ns for stream in health or streams]
    known = [gap for gap in gaps if gap is not None]
    return max(known) if known and len(known) == len(gaps) else None


def unseen_text(streams: Sequence[Stream]) -> str:
    """Say what is known of probes without an outage."""
    gap = unseen_ns(streams)
    return f"no outage longer than {gap / NS_PER_MS:.0f} ms" if gap is not None else "no outage seen"


_PHASED = MeasureSpec(
    name="",
    unit="1",
    needs_of=True,
    of_kind="probe",
    phases=PHASES,
    default_phase="during",
    needs_name=False,
    higher_is_better=False,
    doc="",
)
_WHOLE = replace(_PHASED, needs_of=False, phases=(), default_phase=None)


def _ms(name: str, percent: float, doc: str) -> Measure:
    return Measure(replace(_PHASED, name=name, unit="ms", doc=f"{doc} latency of good samples."), _latency(percent))


_ENTRIES = (
    Measure(
        replace(
            _PHASED,
            name="availability",
            unit="share",
            higher_is_better=True,
            doc="Share of the phase's time during which the probe was up, 0 to 1.",
        ),
        _availability,
    ),
    _ms("p50_ms", 50, "Median"),
    _ms("p95_ms", 95, "95th percentile (nearest rank) of the"),
    _ms("p99_ms", 99, "99th percentile (nearest rank) of the"),
    _ms("max_ms", 100, "Largest"),
    Measure(replace(_PHASED, name="errors", doc="Count of bad samples."), _errors),
    Measure(replace(_PHASED, name="samples", higher_is_better=None, doc="Count of samples."), _count),
    Measure(
        replace(
            _PHASED,
            name="status",
            unit="share",
            higher_is_better=None,
            needs_name=True,
            doc="Share of samples with outcome `name`, 0 to 1.",
        ),
        _status,
    ),
    Measure(
        replace(
            _PHASED,
            name="distinct",
            default_phase="after",
            higher_is_better=True,
            doc="Count of distinct captured values of good samples.",
        ),
        _distinct,
    ),
    Measure(replace(_WHOLE, name="lost", doc="Work samples that got no answer in time, since t0."), _lost),
    Measure(
        replace(_WHOLE, name="restarts", needs_of=True, of_kind="service", doc="Restarts of the service's containers."),
        _restarts,
    ),
    Measure(replace(_WHOLE, name="recovery_seconds", unit="s", doc="Time to recover."), _recovery),
    Measure(replace(_WHOLE, name="longest_outage_seconds", unit="s", doc="Longest outage since t0."), _longest_outage),
    Measure(replace(_WHOLE, name="detect_seconds", unit="s", doc="From t0 to the first bad answer."), _detect),
)

MEASURES: Mapping[str, Measure] = {entry.spec.name: entry for entry in _ENTRIES}
"""Every measure by the name that files use."""


def measure_specs() -> dict[str, MeasureSpec]:
    """Give the catalogue as pure data, for Vocabulary.measures."""
    return {name: measure.spec for name, measure in MEASURES.items()}
