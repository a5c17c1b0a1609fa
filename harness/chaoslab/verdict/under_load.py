"""A scenario's load as numbers: requests of each phase and of the whole, with the latency of those that were accepted."""

from collections import Counter

from chaoslab.model.lab import LOAD
from chaoslab.model.result import FoundLoadPhase, FoundUnderLoad
from chaoslab.verdict.baseline import Window
from chaoslab.verdict.findings import Findings, Stream
from chaoslab.verdict.intervals import NS_PER_SECOND
from chaoslab.verdict.measures import failed, latencies_ms, percentile, window_of

WHOLE = "whole"


def under_load(findings: Findings) -> FoundUnderLoad | None:
    """Give the load's numbers; None for a scenario without load, and for one that ended before its baseline began."""
    load, stream = findings.planned.scenario.load, findings.streams.get(LOAD.name)
    if load is None or stream is None:
        return None
    whole = window_of(findings, None)
    windows = findings.phases | ({WHOLE: whole} if whole else {})
    refused = Counter(sample.outcome for sample in stream.samples if not sample.good)
    return FoundUnderLoad(
        script=load.script,
        vus=load.vus,
        phases={name: phase_found(stream, window) for name, window in windows.items()},
        not_accepted=dict(refused.most_common()),
    )


def phase_found(stream: Stream, window: Window) -> FoundLoadPhase:
    """Count and measure the requests of one window."""
    samples = stream.within(window)
    seconds = max(0, window.end_ns - window.start_ns) / NS_PER_SECOND
    accepted, errors = sum(sample.good for sample in samples), sum(map(failed, samples))
    times = latencies_ms(samples)
    return FoundLoadPhase(
        seconds=seconds,
        requests=len(samples),
        per_second=len(samples) / seconds if seconds else None,
        accepted=accepted,
        shed=len(samples) - accepted - errors,
        errors=errors,
        error_rate=errors / len(samples) if samples else None,
        p50_ms=percentile(times, 50),
        p95_ms=percentile(times, 95),
        p99_ms=percentile(times, 99),
        max_ms=percentile(times, 100),
    )
