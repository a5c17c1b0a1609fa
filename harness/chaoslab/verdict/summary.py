"""What a suite amounts to: times to recover, success rate, SLO table, resilience score, recommendations. Pure; changes no verdict."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from chaoslab.model.plan import REPEAT_MARK
from chaoslab.model.result import FoundExpectation, FoundSlo, FoundSummary, ScenarioResult
from chaoslab.model.suite import Slo
from chaoslab.verdict.expectations import number

POINTS = {"PASS": 1.0, "WARN": 0.5, "FAIL": 0.0}
"""What a verdict on the lab is worth; others say nothing about it."""
WEIGHTS = {"verdicts": 0.4, "recovery": 0.3, "success": 0.3}
"""Shares of the resilience score."""
TOLERANCE = 1e-9

MECHANISMS: Mapping[str, str] = {
    "availability": "a time-out with retries, or a fallback that answers while the dependency is away",
    "error_rate": "retries with backoff, or a fallback that answers while the dependency is away",
    "errors": "retries with backoff, or a fallback that answers while the dependency is away",
    "status": "the answer that is promised for this state (its check at the door)",
    "p50_ms": "a time-out below the bound and a bounded queue that sheds what it cannot serve in time",
    "p95_ms": "a time-out below the bound and a bounded queue that sheds what it cannot serve in time",
    "p99_ms": "a time-out below the bound and a bounded queue that sheds what it cannot serve in time",
    "max_ms": "a deadline for every request, so that each is answered in bounded time",
    "distinct": "the return of every replica to the pool (registration, heartbeat, release of dead ones' slots)",
    "samples": "an answer to every request in bounded time",
    "lost": "an answer before the deadline for every request, and an acknowledgement only after the write is stored",
    "duplicates": "idempotency: a unique key per write, kept where it is stored",
    "unknown": "a definite answer before the client's time-out, or a write that can be asked about again",
    "restarts": "reconnecting instead of ending: a dependency's outage must not end the process",
    "oom_kills": "bounded buffers and queues, or back-pressure before the memory limit",
    "log_matches": "handling of this error where it occurs",
    "metric": "the mechanism behind this metric (lease, pause, drain or resume)",
    "max_gap": "a heartbeat that does not wait for the dependency, and a watchdog that notices",
    "token_integrity": "keys that outlive a restart, with the earlier ones still accepted while their tokens live",
    "recovery_seconds": "reconnection with backoff, short health checks and release of what the dead one held",
    "longest_outage_seconds": "redundancy, or a faster switch to what still works",
    "detect_seconds": "a health check that asks often enough",
}
"""What is likely missing where a measure breaks its bound."""


def summaries(
    results: Sequence[ScenarioResult], slos: Mapping[str, Slo]
) -> tuple[FoundSummary, tuple[FoundSummary, ...]]:
    """Sum up the whole run and each suite. The run is held to the strictest of its suites' objectives."""
    names = dict.fromkeys(result.suite for result in results)
    suites = [(name, [result for result in results if result.suite == name]) for name in names]
    each = tuple(summary(name, own, slos.get(name, Slo())) for name, own in suites)
    return summary("", results, strictest([slos.get(name, Slo()) for name, _own in suites])), each


def strictest(slos: Sequence[Slo]) -> Slo:
    """Put objectives together so that whoever meets the result meets all of them."""
    if not slos:
        return Slo()
    return Slo(
        mttr_mean_seconds=min(slo.mttr_mean_seconds for slo in slos),
        mttr_max_seconds=min(slo.mttr_max_seconds for slo in slos),
        success_rate=max(slo.success_rate for slo in slos),
    )


def summary(suite: str, results: Sequence[ScenarioResult], slo: Slo) -> FoundSummary:
    """Sum up these scenarios."""
    times = [result.mttr for result in results if result.mttr is not None]
    good, bad = sum(result.success_count for result in results), sum(result.error_count for result in results)
    rate = good / (good + bad) if good + bad else None
    table = tuple(_slo_rows(results, times, rate, slo))
    return FoundSummary(
        suite=suite,
        scenarios=len(results),
        passed=sum(result.verdict in ("PASS", "WARN") for result in results),
        mttr_mean_seconds=sum(times) / len(times) if times else None,
        mttr_max_seconds=max(times, default=None),
        mttr_min_seconds=min(times, default=None),
        recovered=len(times),
        success_count=good,
        error_count=bad,
        success_rate=rate,
        resilience_score=score(results, rate, slo),
        slo=table,
        recommendations=tuple(recommendations(results, table)),
    )


def _slo_rows(
    results: Sequence[ScenarioResult], times: Sequence[float], rate: float | None, slo: Slo
) -> Iterator[FoundSlo]:
    """A scenario that did not recover breaks both times; nothing to recover from leaves them unknown."""
    never = any(result.recovery == "not_recovered" for result in results)
    mean, longest = (sum(times) / len(times), max(times)) if times else (None, None)
    for name, observed, most in (
        ("average MTTR", mean, slo.mttr_mean_seconds),
        ("longest MTTR", longest, slo.mttr_max_seconds),
    ):
        met = False if never else None if observed is None else observed <= most + TOLERANCE
        yield FoundSlo(name=name, observed=observed, bound=f"at most {number(most)}", unit="s", met=met)
    kept = None if rate is None else rate >= slo.success_rate - TOLERANCE
    bound = f"at least {slo.success_rate * 100:.6g}%"
    yield FoundSlo(name="success rate", observed=rate, bound=bound, unit="share", met=kept)


def score(results: Sequence[ScenarioResult], rate: float | None, slo: Slo) -> float | None:
    """Weigh verdicts, recovery and success to 0..100; None when nothing was judged.

    verdicts: mean of POINTS. recovery: 1 for what rode it out, 1 - time / longest MTTR allowed for what recovered, 0 for
    what did not. success: share of work that succeeded. What could not be measured takes its weight out of the sum.
    """
    judged = [result for result in results if result.verdict in POINTS]
    if not judged:
        return None
    back = [part for result in judged if (part := _recovery_points(result, slo)) is not None]
    parts = {
        "verdicts": sum(POINTS[result.verdict] for result in judged) / len(judged),
        "recovery": sum(back) / len(back) if back else None,
        "success": rate,
    }
    known = {name: value for name, value in parts.items() if value is not None}
    weight = sum(WEIGHTS[name] for name in known)
    return round(100 * sum(WEIGHTS[name] * value for name, value in known.items()) / weight, 1)


def _recovery_points(result: ScenarioResult, slo: Slo) -> float | None:
    if result.recovery == "recovered":
        return max(0.0, 1 - (result.mttr or 0.0) / slo.mttr_max_seconds)
    return {"rode_out": 1.0, "not_recovered": 0.0}.get(result.recovery)


def recommendations(results: Sequence[ScenarioResult], table: Sequence[FoundSlo]) -> Iterator[str]:
    """Say for each thing that broke its scenario, its number and what is likely missing; then what the table says.

    What several repeats of a scenario have to say is said once, with the number of the first and their count.
    """
    repeats = Counter(_base(result) for result in results)
    told: dict[tuple[str, ...], list[str]] = {}
    for result in results:
        for what, text in _advice(result):
            told.setdefault((_base(result), *what), []).append(text)
    for (base, *_what), texts in told.items():
        count = f" (in {len(texts)} of {repeats[base]} repeats)" if repeats[base] > 1 else ""
        yield f"{base}: {texts[0]}{count}"
    yield from _missed(results, table)


def _base(result: ScenarioResult) -> str:
    return result.id.partition(REPEAT_MARK)[0]


def _advice(result: ScenarioResult) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give what one scenario says, each with words that are the same in its other repeats."""
    broken = [found for found in result.expectations if found.met is False]
    faults = " + ".join(dict.fromkeys(proof.injected for proof in result.proofs)) or "its faults"
    for found in broken:
        mechanism = MECHANISMS.get(found.measure, "what keeps this number within its bound")
        text = f"under {faults}, {_said(found)} (must be {found.bound}): add {mechanism}"
        yield ("broken", _what(found), found.bound), text
    if result.recovery == "not_recovered" and not any(found.measure == "recovery_seconds" for found in broken):
        yield ("not recovered",), f"it did not recover after {faults}: add {MECHANISMS['recovery_seconds']}"
    for found in result.expectations:
        if found.warn:
            mechanism = MECHANISMS.get(found.measure, "")
            text = f"{_said(found)} is close to its bound ({found.bound}): look at {mechanism}"
            yield ("close", _what(found), found.bound), text
    if result.verdict == "INCONCLUSIVE" and result.reasons:
        yield ("unknown",), f"nothing is known yet: {result.reasons[0]}"


def _missed(results: Sequence[ScenarioResult], table: Sequence[FoundSlo]) -> Iterator[str]:
    """Say for each objective that was missed which scenario weighs most."""
    slowest = max(results, key=lambda result: result.mttr or 0.0, default=None)
    for row in table:
        if row.met is False and row.unit == "s" and row.observed is not None and slowest is not None and slowest.mttr:
            took = f"{row.name} was {number(row.observed)} s ({row.bound} s), the slowest was {slowest.id} with {number(slowest.mttr)} s"
            yield f"{took}: add {MECHANISMS['recovery_seconds']}"
        elif row.met is False and row.unit == "share" and row.observed is not None:
            worst = max(results, key=lambda result: result.error_count)
            lost = f"{worst.id} alone brought {worst.error_count} of the errors"
            yield f"success rate was {row.observed * 100:.4g}% ({row.bound}), {lost}: add {MECHANISMS['errors']}"


def _what(found: FoundExpectation) -> str:
    return " ".join(word for word in (found.of, found.measure, found.name, found.phase) if word)


def _said(found: FoundExpectation) -> str:
    return f"{_what(found)} was {found.note if found.observed is None else number(found.observed)}"
