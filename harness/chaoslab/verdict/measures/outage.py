"""Measures of going down and coming back: recovery, longest outage, detection."""

from collections.abc import Sequence

from chaoslab.model.suite import Expectation
from chaoslab.verdict.findings import Findings, Stream
from chaoslab.verdict.intervals import NS_PER_MS, NS_PER_SECOND, clip
from chaoslab.verdict.measures.entry import NOTHING, Measured, streams_of, whole


def _recovery(findings: Findings, ask: Expectation) -> Measured:
    streams = streams_of(findings, ask)
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
    streams = streams_of(findings, ask)
    n = sum(len(stream.samples) for stream in streams)
    lengths = [span.length_ns for s in streams for span in clip(s.outages, findings.strike.at_ns, findings.end_ns)]
    if not n:
        return NOTHING
    note = "" if lengths else unseen_text(streams)
    return Measured(max(lengths, default=0) / NS_PER_SECOND, n, note)


def _detect(findings: Findings, ask: Expectation) -> Measured:
    streams = streams_of(findings, ask)
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


MEASURES = (
    whole("recovery_seconds", "Time to recover.", _recovery, unit="s"),
    whole("longest_outage_seconds", "Longest outage since t0.", _longest_outage, unit="s"),
    whole("detect_seconds", "From t0 to the first bad answer.", _detect, unit="s"),
)
"""The catalogue's entries that this module owns."""
