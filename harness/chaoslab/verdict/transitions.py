"""The course of a scenario as key and value, for people: what was so before, under the fault, and after recovery."""

import re
from collections.abc import Iterator

from chaoslab.model.lab import LOAD
from chaoslab.model.suite import Phase
from chaoslab.verdict.baseline import Window
from chaoslab.verdict.expectations import number
from chaoslab.verdict.findings import Findings, Stream
from chaoslab.verdict.intervals import NS_PER_SECOND, clip, total_ns
from chaoslab.verdict.under_load import phase_found

LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
MOST_SERIES = 20
"""Of each service; the samples hold all."""


def transitions(findings: Findings) -> dict[str, str]:
    """Tell faults, the state of every probe and the metrics in each phase, and recovery, in the order of time.

    A phase's state is the one at its end, under the fault the worst of it: `trader-ready_before,ready`, `trader-ready_after_stop,not_ready`.
    """
    found: dict[str, str] = {}
    for number_, injection in enumerate(findings.recorded.injections, 1):
        found[f"fault_{number_}"] = injection.what
        proof = findings.recorded.proofs.get(injection.fault)
        if proof is not None and proof.measured is not None:
            found[f"proof_{number_}"] = f"{number(proof.measured)} {proof.unit}".strip()
    for phase, name in _phases(findings):
        for stream in findings.streams.values():
            found.update(dict(_states(findings, stream, phase, name)))
    return found


def _phases(findings: Findings) -> Iterator[tuple[Phase, str]]:
    """Name the phases by what happened: `before`, `after_<the first fault's type>`, `after_recovery`."""
    first = next(iter(findings.recorded.of_kind("injected")), None)
    kind = str(first.data.get("type") or "fault") if first else "fault"
    names: dict[Phase, str] = {"before": "before", "during": f"after_{kind}", "after": "after_recovery"}
    yield from ((phase, name) for phase, name in names.items() if phase in findings.phases)


def _states(findings: Findings, stream: Stream, phase: Phase, name: str) -> Iterator[tuple[str, str]]:
    samples = stream.within(findings.phases[phase])
    if not samples:
        return
    probe = stream.probe
    if probe == LOAD:
        found = phase_found(stream, findings.phases[phase])
        p95 = "" if found.p95_ms is None else f", p95 {number(found.p95_ms)} ms"
        yield f"{LOAD.name}_{name}", f"{found.requests} requests, {number(100 * (found.error_rate or 0))}% errors{p95}"
    elif probe.kind == "metrics":
        newest = {sample.replica: sample for sample in samples if sample.good}
        told = [(replica, *pair) for replica, sample in sorted(newest.items()) for pair in sample.detail.items()]
        for replica, key, value in told[:MOST_SERIES]:
            which = f"[{replica}]" if len(newest) > 1 else ""
            yield f"{plain(key)}{which}_{name}", number(float(value))
    elif probe.role != "work":
        down = _down(stream, findings.phases[phase], throughout=phase == "during")
        word = probe.name.rpartition("-")[2]
        well, ill = (word, f"not_{word}") if probe.role == "watch" else ("up", f"down {down / NS_PER_SECOND:.3f} s")
        yield f"{probe.name}_{name}", ill if down else well


def plain(series: str) -> str:
    """Write a series for people: `age_seconds{loop="scan"}` as `age_seconds_scan`."""
    return "_".join([series.partition("{")[0], *(value for _label, value in LABEL.findall(series))])


def _down(stream: Stream, window: Window, *, throughout: bool) -> int:
    """Say for how long it was down in a phase, ns; 0 as well where only its end is asked about, and it was up then."""
    spans = clip(stream.down, *window)
    at_the_end = bool(spans) and spans[-1].end_ns >= window.end_ns
    return total_ns(spans) if throughout or at_the_end else 0
