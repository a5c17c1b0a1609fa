"""One pattern of load -> a scenario's result: every threshold a number against bounds, every window with its numbers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chaoslab.model.load_plan import PlannedPattern
from chaoslab.model.load_result import FoundAnswers, FoundLoad, FoundWindow
from chaoslab.model.result import ScenarioResult, VerdictName
from chaoslab.verdict.load.knee import find_break
from chaoslab.verdict.load.returns import returns
from chaoslab.verdict.load.tape import Answers, Recording
from chaoslab.verdict.load.thresholds import Findings, judge_threshold
from chaoslab.verdict.measures.answers import percentile
from chaoslab.verdict.merge import SEVERITY, merge

SECRET = re.compile("password|secret|token|key", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a pattern's run ended. `error`: what broke it; `crossed`: thresholds of the script's own that k6 found broken.

    `restarts` and `oom_kills`: of the lab's containers meanwhile, each as `service[n]` with a count.
    """

    started: str
    wall_seconds: float
    k6_exit_code: int | None = None
    error: str = ""
    interrupted: str = ""
    crossed: Sequence[str] = ()
    restarts: Mapping[str, int] | None = None
    oom_kills: Mapping[str, int] | None = None
    notes: Sequence[str] = ()


def judge_pattern(planned: PlannedPattern, recording: Recording, ended: Ended) -> ScenarioResult:
    """Judge one pattern from its requests and how it ended. Without a single request it is INCONCLUSIVE."""
    load = found_load(planned, recording, ended)
    findings = Findings(planned, recording, load, ended.restarts or {}, ended.oom_kills or {})
    judged = [judge_threshold(findings, threshold) for threshold in planned.thresholds] if len(recording) else []
    opinions = [*_of_end(planned, recording, ended), *((one.verdict, one.reason) for one in judged)]
    bad = sorted((one for one in opinions if one[0] != "PASS"), key=lambda one: SEVERITY.index(one[0]))
    return ScenarioResult(
        suite=planned.suite,
        id=planned.name,
        name=planned.title,
        verdict=merge(verdict for verdict, _reason in opinions),
        reasons=tuple(dict.fromkeys(reason for _verdict, reason in bad)),
        expectations=tuple(one.found for one in judged),
        success_count=load.whole.accepted,
        error_count=load.whole.errors,
        started=ended.started,
        wall_seconds=ended.wall_seconds,
        declared_seconds=planned.seconds or recording.seconds,
        overhead_seconds=max(0.0, ended.wall_seconds - (planned.seconds or recording.seconds)),
        notes=(*_told(load), *ended.notes),
        load=load,
    )


def found_load(planned: PlannedPattern, recording: Recording, ended: Ended) -> FoundLoad:
    """Gather a pattern's numbers."""
    whole = recording.answers()
    outcomes = dict(sorted(whole.outcomes.items(), key=lambda item: -item[1]))
    drops = [window.start_seconds for window in planned.windows if window.kind == "drop"]
    return FoundLoad(
        kind="script" if planned.own_thresholds else "pattern",
        script=planned.script.name,
        environment={name: "(hidden)" if SECRET.search(name) else value for name, value in planned.environment.items()},
        whole=found_answers("all", whole, recording.seconds),
        windows=tuple(_windows(planned, recording)),
        by_name=tuple(
            found_answers(name, recording.answers(name=name), recording.seconds) for name in sorted(recording.names)
        ),
        outcomes=outcomes,
        breaking=find_break(recording, planned.breaks, min(drops, default=None)) if planned.breaks else None,
        returns=tuple(returns(planned, recording)),
        peak_users=recording.users(0.0),
        k6_exit_code=ended.k6_exit_code,
    )


def found_answers(name: str, answers: Answers, seconds: float) -> FoundAnswers:
    """Write answers of so many seconds as numbers."""
    return FoundAnswers(
        name=name,
        requests=answers.requests,
        accepted=answers.accepted,
        shed=answers.shed,
        errors=answers.errors,
        accepted_share=answers.accepted / answers.requests if answers.requests else None,
        rate=answers.accepted / seconds if seconds else None,
        p50_ms=latency_ms(answers, 50),
        p95_ms=latency_ms(answers, 95),
        p99_ms=latency_ms(answers, 99),
        max_ms=latency_ms(answers, 100),
    )


def latency_ms(answers: Answers, percent: float) -> float | None:
    """Take a percentile of the accepted, ms."""
    found = percentile(answers.accepted_us, percent)
    return None if found is None else found / 1000


def _windows(planned: PlannedPattern, recording: Recording) -> Iterator[FoundWindow]:
    for window in planned.windows:
        end = recording.seconds if window.end_seconds is None else window.end_seconds
        seen = max(0.0, min(end, recording.seconds) - window.start_seconds)
        if not seen:
            continue
        answers = recording.answers(window.start_seconds, window.end_seconds)
        yield FoundWindow(
            **found_answers(window.name, answers, seen).model_dump(),
            kind=window.kind,
            start_seconds=window.start_seconds,
            end_seconds=window.start_seconds + seen,
            peak_users=recording.users(window.start_seconds, window.start_seconds + seen),
        )


def _of_end(planned: PlannedPattern, recording: Recording, ended: Ended) -> Iterator[tuple[VerdictName, str]]:
    if ended.error:
        yield "ERROR", ended.error
    if ended.interrupted:
        yield "INCONCLUSIVE", f"interrupted: {ended.interrupted}"
    if not len(recording):
        yield "INCONCLUSIVE", "no request was sent, so nothing was measured"
    for crossed in ended.crossed:
        yield "FAIL", f"k6's own threshold is crossed: {crossed}"
    if planned.own_thresholds:
        yield from _of_lab(ended)


def _of_lab(ended: Ended) -> Iterator[tuple[VerdictName, str]]:
    """Hold a foreign script's load against what no load may do, too: no process may end."""
    for what, counts in (("restarted", ended.restarts or {}), ("ran out of memory", ended.oom_kills or {})):
        yield from (("FAIL", f"{service} {what} {count}x under load") for service, count in counts.items())


def _told(load: FoundLoad) -> Iterator[str]:
    """Say what no threshold says: where it broke, and that nobody got that far."""
    found = load.breaking
    if found is not None and found.broke:
        yield f"broke at {found.knee_rate:.0f} answers/s with {found.users} users, after {found.at_seconds:.0f} s: {found.how}"
    elif found is not None:
        yield f"did not break: up to {found.knee_rate:.0f} answers/s"
