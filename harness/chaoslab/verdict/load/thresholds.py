"""One threshold -> met, broken or unknown, with the sentence that says why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from chaoslab.model.load_pattern import LoadMeasure, Threshold
from chaoslab.model.load_plan import PlannedPattern
from chaoslab.model.load_result import FoundPattern
from chaoslab.model.result import FoundExpectation, VerdictName
from chaoslab.model.suite import Expectation
from chaoslab.verdict.expectations import TOLERANCE, bound_text, number
from chaoslab.verdict.load.tape import Answers, Recording

UNITS: Mapping[str, str] = {
    **dict.fromkeys(("p50_ms", "p95_ms", "p99_ms", "max_ms"), "ms"),
    **dict.fromkeys(("rate", "knee_rate"), "per second"),
    "recovery_seconds": "s",
}


@dataclass(frozen=True, slots=True)
class Findings:
    """What thresholds are judged from."""

    planned: PlannedPattern
    recording: Recording
    pattern: FoundPattern
    restarts: Mapping[str, int]
    oom_kills: Mapping[str, int]


class Taken(NamedTuple):
    """A measured number and from how many; `note` says why there is none, or what stands beside it."""

    observed: float | None
    n: int
    note: str = ""
    broken: bool = False


class Judged(NamedTuple):
    """A threshold's result, its verdict, and the sentence about it (empty for a pass)."""

    found: FoundExpectation
    verdict: VerdictName
    reason: str


def judge_threshold(findings: Findings, ask: Threshold) -> Judged:
    """Measure and compare with the bounds."""
    taken = _taken(findings, ask)
    value = taken.observed
    met: bool | None = None
    if taken.broken:
        met = False
    elif value is not None:
        met = (ask.min is None or value >= ask.min - TOLERANCE) and (ask.max is None or value <= ask.max + TOLERANCE)
    warn = bool(met) and value is not None and _warns(ask, value)
    bounds = Expectation(measure=ask.measure, **ask.model_dump(include={"min", "max", "warn_above", "warn_below"}))
    found = FoundExpectation(
        measure=ask.measure,
        of=ask.of,
        phase=", ".join(ask.during) or None,
        observed=value,
        bound=bound_text(bounds),
        n=taken.n,
        met=met,
        warn=warn,
        note=taken.note,
    )
    verdict: VerdictName = "INCONCLUSIVE" if met is None else "FAIL" if not met else "WARN" if warn else "PASS"
    return Judged(found, verdict, "" if verdict == "PASS" else _sentence(found, ask))


def _warns(ask: Threshold, value: float) -> bool:
    above = ask.warn_above is not None and value > ask.warn_above + TOLERANCE
    return above or (ask.warn_below is not None and value < ask.warn_below - TOLERANCE)


def _sentence(found: FoundExpectation, ask: Threshold) -> str:
    where = f"in {' and '.join(ask.during)}" if ask.during else ""
    what = " ".join(word for word in (found.measure, f"of {found.of}" if found.of else "", where) if word)
    if found.met is None:
        return f"{what} could not be measured: {found.note or 'no requests'}"
    if found.observed is None:
        return f"{what}: {found.note}, must be {found.bound}"
    unit = UNITS.get(ask.measure, "")
    beside = f" ({found.note})" if found.note else ""
    return f"{what} was {number(found.observed)} {unit}".rstrip() + f", must be {found.bound}{beside}"


def _taken(findings: Findings, ask: Threshold) -> Taken:
    whole = WHOLE.get(ask.measure)
    if whole is not None:
        return whole(findings, ask)
    measure = MEASURES[ask.measure]
    answers, seconds = _asked(findings, ask)
    taken = measure(answers, seconds)
    if not ask.during:
        return taken
    beside = measure(findings.recording.answers(name=ask.of), findings.recording.seconds).observed
    whole_run = "" if beside is None else f"whole run {number(beside)}"
    return taken._replace(note=", ".join(part for part in (taken.note, whole_run) if part))


def _asked(findings: Findings, ask: Threshold) -> tuple[Answers, float]:
    """Gather the answers in the windows that are asked for; of what is shed those in which it is no fault are left out."""
    recording = findings.recording
    if not ask.during:
        return recording.answers(name=ask.of), recording.seconds
    windows = [
        window
        for window in findings.planned.windows
        if window.kind in ask.during and not (window.overload and ask.measure == "shed_rate")
    ]
    spans = [(window.start_seconds, window.end_seconds) for window in windows]
    ends = [min(recording.seconds if end is None else end, recording.seconds) for _start, end in spans]
    seconds = sum(max(0.0, end - start) for (start, _), end in zip(spans, ends, strict=True))
    return recording.together(spans, ask.of), seconds


def _share(count: Callable[[Answers], int]) -> Callable[[Answers, float], Taken]:
    def take(answers: Answers, _seconds: float) -> Taken:
        return Taken(count(answers) / answers.requests if answers.requests else None, answers.requests)

    return take


def _latency(percent: float) -> Callable[[Answers, float], Taken]:
    def take(answers: Answers, _seconds: float) -> Taken:
        found = answers.latency_ms(percent)
        if found is None:
            return Taken(None, 0, "none was accepted" if answers.requests else "no requests")
        share = answers.accepted / answers.requests
        return Taken(found, answers.accepted, "" if share == 1 else f"of the {100 * share:.3g}% accepted")

    return take


def _recovery(findings: Findings, ask: Threshold) -> Taken:
    """Take the slowest return to calm; one that was not watched long enough to be called late is unknown."""
    found = findings.pattern.returns
    if not found:
        return Taken(None, 0, "no drop of the load was watched")
    if any(one.baseline_p95_ms is None for one in found):
        return Taken(None, len(found), "nothing was accepted in the calm before")
    late = [one for one in found if one.seconds is None]
    if not late:
        return Taken(max(one.seconds or 0.0 for one in found), len(found))
    told = f"not as quick as before within {number(late[0].watched_seconds)} s after {late[0].window}"
    broken = any(one.watched_seconds >= (ask.max or 0.0) for one in late)
    return Taken(None, len(found), told, broken=broken)


def _knee(findings: Findings, _ask: Threshold) -> Taken:
    found = findings.pattern.breaking
    return Taken(None, 0, "no knee was looked for") if found is None else Taken(found.knee_rate, 1, found.how)


def _counted(counts: Mapping[str, int]) -> Taken:
    return Taken(sum(counts.values()), len(counts), ", ".join(f"{service} {n}x" for service, n in counts.items()))


MEASURES: Mapping[LoadMeasure, Callable[[Answers, float], Taken]] = {
    "error_rate": _share(lambda answers: answers.errors),
    "shed_rate": _share(lambda answers: answers.shed),
    "accepted_share": _share(lambda answers: answers.accepted),
    "requests": lambda answers, _seconds: Taken(answers.requests, answers.requests),
    "rate": lambda answers, seconds: Taken(answers.accepted / seconds if seconds else None, answers.accepted),
    "p50_ms": _latency(50),
    "p95_ms": _latency(95),
    "p99_ms": _latency(99),
    "max_ms": _latency(100),
}
WHOLE: Mapping[LoadMeasure, Callable[[Findings, Threshold], Taken]] = {
    "recovery_seconds": _recovery,
    "knee_rate": _knee,
    "restarts": lambda findings, _ask: _counted(findings.restarts),
    "oom_kills": lambda findings, _ask: _counted(findings.oom_kills),
}
