"""One pattern of load -> a scenario's result: every threshold a number against bounds, every window with its numbers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chaoslab.model.load_plan import PlannedPattern
from chaoslab.model.load_result import FoundAnswers, FoundPattern, FoundSeries, FoundWindow
from chaoslab.model.result import ScenarioResult, VerdictName
from chaoslab.verdict.load.knee import find_break
from chaoslab.verdict.load.returns import returns
from chaoslab.verdict.load.tape import Answers, Recording
from chaoslab.verdict.load.thresholds import Findings, judge_threshold
from chaoslab.verdict.merge import SEVERITY, merge

SHORT_SECONDS = 120.0
SECRET = re.compile("password|secret|token|key", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a pattern's run ended.

    `error`: what broke it, `bad_input`: by the script's own fault. `failures`: what k6 or the script itself held against it.
    `restarts` and `oom_kills`: of the lab's containers meanwhile, as `service[n]` with a count.
    """

    started: str = ""
    wall_seconds: float = 0.0
    k6_exit_code: int | None = None
    error: str = ""
    bad_input: bool = False
    interrupted: str = ""
    failures: Sequence[str] = ()
    restarts: Mapping[str, int] = field(default_factory=dict)
    oom_kills: Mapping[str, int] = field(default_factory=dict)


def judge_pattern(planned: PlannedPattern, recording: Recording, ended: Ended) -> ScenarioResult:
    """Judge one pattern from its requests and how it ended. Without a single request it is INCONCLUSIVE."""
    pattern = found_pattern(planned, recording, ended)
    findings = Findings(planned, recording, pattern, ended.restarts, ended.oom_kills)
    judged = [judge_threshold(findings, threshold) for threshold in planned.thresholds] if len(recording) else []
    opinions = [*_of_end(planned, recording, ended), *((one.verdict, one.reason) for one in judged)]
    bad = sorted((one for one in opinions if one[0] != "PASS"), key=lambda one: SEVERITY.index(one[0]))
    return ScenarioResult(
        suite=planned.suite,
        id=planned.name,
        name=planned.title,
        bad_input=ended.bad_input,
        verdict=merge(verdict for verdict, _reason in opinions),
        reasons=tuple(dict.fromkeys(reason for _verdict, reason in bad)),
        expectations=tuple(one.found for one in judged),
        success_count=pattern.whole.accepted,
        error_count=pattern.whole.errors,
        started=ended.started,
        wall_seconds=ended.wall_seconds,
        declared_seconds=planned.seconds or recording.seconds,
        overhead_seconds=max(0.0, ended.wall_seconds - (planned.seconds or recording.seconds)),
        notes=tuple(_told(pattern)),
        pattern=pattern,
    )


def found_pattern(planned: PlannedPattern, recording: Recording, ended: Ended) -> FoundPattern:
    """Gather a pattern's numbers."""
    whole = recording.answers()
    outcomes = dict(sorted(whole.outcomes.items(), key=lambda item: -item[1]))
    drops = [window.start_seconds for window in planned.windows if window.kind == "drop"]
    return FoundPattern(
        kind="script" if planned.own_thresholds else "pattern",
        script=planned.script.name,
        environment=hidden(planned.environment),
        whole=found_answers("all", whole, recording.seconds),
        windows=tuple(_windows(planned, recording)),
        by_name=tuple(
            found_answers(name, recording.answers(name=name), recording.seconds) for name in sorted(recording.names)
        ),
        outcomes=outcomes,
        series=found_series(recording),
        limit_p95_ms=planned.breaks.p95_ms if planned.breaks else None,
        knee_rate=planned.knee_rate,
        breaking=find_break(recording, planned.breaks, min(drops, default=None)) if planned.breaks else None,
        returns=tuple(returns(planned, recording)),
        peak_users=recording.users(0.0),
        k6_exit_code=ended.k6_exit_code,
    )


def hidden(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the values of what is named like a secret."""
    return {name: "(hidden)" if SECRET.search(name) else value for name, value in environment.items()}


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
        p50_ms=answers.latency_ms(50),
        p95_ms=answers.latency_ms(95),
        p99_ms=answers.latency_ms(99),
        max_ms=answers.latency_ms(100),
    )


def found_series(recording: Recording) -> FoundSeries:
    """Cut the whole into steps for a picture: of half a second, of whole ones where it lasts minutes."""
    step = 0.5 if recording.seconds <= SHORT_SECONDS else 1.0
    cut = list(recording.slices(step))
    return FoundSeries(
        step_seconds=step,
        users=tuple(recording.users(at, at + step) for at, _answers in cut),
        accepted_rate=tuple(answers.accepted / step for _at, answers in cut),
        shed_rate=tuple(answers.shed / step for _at, answers in cut),
        error_rate=tuple(answers.errors / step for _at, answers in cut),
        p50_ms=tuple(answers.latency_ms(50) for _at, answers in cut),
        p95_ms=tuple(answers.latency_ms(95) for _at, answers in cut),
        p99_ms=tuple(answers.latency_ms(99) for _at, answers in cut),
    )


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
    yield from (("FAIL", failure) for failure in ended.failures)
    if planned.own_thresholds:
        yield from _of_lab(ended)


def _of_lab(ended: Ended) -> Iterator[tuple[VerdictName, str]]:
    """Hold a foreign script's load against what no load may do, too: no process may end."""
    for what, counts in (("restarted", ended.restarts), ("ran out of memory", ended.oom_kills)):
        yield from (("FAIL", f"{service} {what} {count}x under load") for service, count in counts.items())


def _told(pattern: FoundPattern) -> Iterator[str]:
    """Say what no threshold says: where it broke, and that nobody got that far."""
    found = pattern.breaking
    if found is not None and found.broke:
        yield f"broke at {found.knee_rate:.0f} answers/s with {found.users} users, after {found.at_seconds:.0f} s: {found.how}"
    elif found is not None:
        yield f"did not break: up to {found.knee_rate:.0f} answers/s"
