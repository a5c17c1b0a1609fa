"""The numbers beside a verdict: probes, outages, recovery, undos, durations. They explain; they do not judge."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from chaoslab.model.lab import LOAD
from chaoslab.model.result import FoundOutage, FoundProbe, FoundUndo
from chaoslab.verdict.findings import Findings, Stream
from chaoslab.verdict.intervals import NS_PER_MS, NS_PER_SECOND, Span, clip
from chaoslab.verdict.measures import latencies_ms, percentile, unseen_ns
from chaoslab.verdict.transitions import transitions
from chaoslab.verdict.under_load import under_load


def described(findings: Findings) -> dict[str, Any]:
    """Give the fields of a ScenarioResult that follow from the findings alone."""
    return {
        "probes": tuple(
            _probe(findings, name, stream) for name, stream in findings.streams.items() if stream.probe != LOAD
        ),
        "under_load": under_load(findings),
        "outages": tuple(_outages(findings)) if findings.recorded.injections else (),
        "undo": tuple(_undos(findings)),
        "notes": tuple(_notes(findings)),
        "transitions": transitions(findings),
        **_work(findings),
        **_durations(findings),
        **_recovery(findings),
    }


def _probe(findings: Findings, name: str, stream: Stream) -> FoundProbe:
    latencies = {phase: latencies_ms(stream.within(window)) for phase, window in findings.phases.items()}
    return FoundProbe(
        name=name,
        role=stream.probe.role,
        n=len(stream.samples),
        availability={phase: stream.availability(window) for phase, window in findings.phases.items()},
        p50_ms={phase: percentile(values, 50) for phase, values in latencies.items()},
        p95_ms={phase: percentile(values, 95) for phase, values in latencies.items()},
        p99_ms={phase: percentile(values, 99) for phase, values in latencies.items()},
        bad=dict(sorted(Counter(sample.outcome for sample in stream.samples if not sample.good).items())),
    )


def _outages(findings: Findings) -> Iterator[FoundOutage]:
    t0, end = findings.strike.at_ns, findings.end_ns
    for name, stream in findings.counted.items():
        for span, cut in zip(stream.outages, clip(stream.outages, t0, end), strict=True):
            yield FoundOutage(
                probe=name,
                start_ms=(cut.start_ns - t0) / NS_PER_MS,
                end_ms=None if span.end_ns > end else (cut.end_ns - t0) / NS_PER_MS,
                length_ms=cut.length_ns / NS_PER_MS,
                error_ms=cut.error_ns / NS_PER_MS,
            )


def _recovery(findings: Findings) -> dict[str, Any]:
    if not findings.recorded.injections:
        return {}
    streams = list(findings.counted.values())
    taken = findings.time_to_recover(streams)
    firsts = [bad.finished_ns for stream in streams if (bad := stream.first_bad())]
    return {
        "recovery": findings.recovery(streams),
        "time_to_recover_ms": taken[0] / NS_PER_MS if taken else None,
        "mttr": taken[0] / NS_PER_SECOND if taken else None,
        "error_ms": taken[1] / NS_PER_MS if taken else None,
        "time_to_detect_ms": (min(firsts) - findings.strike.at_ns) / NS_PER_MS if firsts else None,
        "longest_outage_ms": _longest_ms(findings),
    }


def _work(findings: Findings) -> dict[str, Any]:
    """Count the work that succeeded and that did not, from the baseline to the end of observing."""
    work = [sample for one in findings.streams.values() if one.probe.role == "work" for sample in one.samples]
    good = sum(sample.good for sample in work)
    return {"success_count": good, "error_count": len(work) - good}


def _longest_ms(findings: Findings) -> float | None:
    """Take the longest outage; of a lab that rode it out, the bound on what may have gone unseen."""
    streams = list(findings.counted.values())
    spans: list[Span] = [span for stream in streams for span in stream.outages]
    if spans:
        return max(span.length_ns for span in clip(spans, findings.strike.at_ns, findings.end_ns)) / NS_PER_MS
    unseen = unseen_ns(streams)
    return unseen / NS_PER_MS if unseen is not None else None


def _undos(findings: Findings) -> Iterator[FoundUndo]:
    t0 = findings.strike.at_ns if findings.recorded.injections else findings.recorded.events[0].at_ns
    for one in findings.recorded.reverts:
        yield FoundUndo(
            what=one.what, when=f"{(one.at_ns - t0) / NS_PER_SECOND:+.3f} s", clean=one.clean, note=one.note
        )


def _notes(findings: Findings) -> Iterator[str]:
    yield from (str(event.data.get("text", "")) for event in findings.recorded.of_kind("note"))
    for proof in findings.recorded.clean_proofs:
        if not proof.proven:
            yield f"{proof.fault}: that the fault is gone was not proven ({proof.detail or proof.expected})"
    for event in findings.recorded.of_kind("left_dirty"):
        yield f"left dirty: {event.data.get('where', '')}: {event.data.get('what', '')}"
    for revert in findings.recorded.reverts:
        if not revert.clean:
            yield f"{revert.what}: left unclean ({revert.note})"


def _durations(findings: Findings) -> dict[str, Any]:
    started, ended = findings.recorded.started, findings.recorded.last("scenario_ended")
    data = ended.data if ended else {}
    wall, declared, waited, recovery = (
        float(data.get(key) or 0.0)
        for key in ("wall_seconds", "declared_seconds", "waited_seconds", "recovery_seconds")
    )
    return {
        "started": str(started.data.get("started", "")) if started else "",
        "wall_seconds": wall,
        "declared_seconds": declared,
        "waited_seconds": waited,
        "overhead_seconds": max(0.0, wall - declared - waited - recovery),
    }
