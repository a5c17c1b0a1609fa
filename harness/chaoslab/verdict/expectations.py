"""One expectation -> met, broken or unknown, with the sentence that says why."""

from collections.abc import Sequence
from typing import NamedTuple

from chaoslab.model.result import FoundExpectation
from chaoslab.model.suite import Expectation
from chaoslab.verdict.findings import Findings
from chaoslab.verdict.measures import MEASURES, Measured

TOLERANCE = 1e-9
"""Shares are quotients: what differs by less is equal."""

DEFAULTS = (Expectation(measure="recovery_seconds", max=60, warn_above=30), Expectation(measure="lost", max=0))
"""What a scenario without `expect` has to keep (DESIGN 6); that it was proven is asked of every scenario."""


class Judged(NamedTuple):
    """An expectation's result and the sentence about it, empty when it was met without a warning."""

    found: FoundExpectation
    reason: str


def expectations(findings: Findings) -> Sequence[Expectation]:
    """List what is expected: the scenario's own, else the defaults that the lab has probes for."""
    if findings.planned.scenario.expect:
        return findings.planned.scenario.expect
    works = any(probe.role == "work" for probe in findings.spec.probes.values())
    return DEFAULTS if works else DEFAULTS[:1]


def judge_expectation(findings: Findings, ask: Expectation) -> Judged:
    """Measure and compare with the bounds."""
    measure = MEASURES[ask.measure]
    phase = ask.phase or measure.spec.default_phase
    taken = measure.take(findings, ask)
    met = _met(ask, taken)
    warn = met is True and _warns(ask, taken.observed)
    found = FoundExpectation(
        measure=ask.measure,
        of=ask.of,
        name=ask.name,
        phase=phase,
        observed=taken.observed,
        bound=bound_text(ask),
        n=taken.n,
        met=met,
        warn=warn,
        note=taken.note,
    )
    return Judged(found, "" if met and not warn else _sentence(found, ask, measure.spec.unit))


def _met(ask: Expectation, taken: Measured) -> bool | None:
    if taken.broken:
        return False
    if taken.observed is None:
        return None
    if ask.measure == "availability" and ask.min is not None and taken.n < samples_for(ask.min):
        return taken.bad == 0
    value = taken.observed
    return (
        (ask.min is None or value >= ask.min - TOLERANCE)
        and (ask.max is None or value <= ask.max + TOLERANCE)
        and (ask.equals is None or abs(value - ask.equals) <= TOLERANCE)
    )


def samples_for(least: float) -> float:
    """Say how many samples an availability of at least `least` needs before a bad one can be afforded."""
    return 1 / (1 - least) - 1e-6 if least < 1 else float("inf")


def _warns(ask: Expectation, value: float | None) -> bool:
    if value is None:
        return False
    above = ask.warn_above is not None and value > ask.warn_above + TOLERANCE
    return above or (ask.warn_below is not None and value < ask.warn_below - TOLERANCE)


def bound_text(ask: Expectation) -> str:
    """Say the bounds in words."""
    parts = [
        f"{words} {number(limit)}"
        for words, limit in (("at least", ask.min), ("at most", ask.max), ("exactly", ask.equals))
        if limit is not None
    ]
    warnings = [
        f"warn {words} {number(limit)}"
        for words, limit in (("above", ask.warn_above), ("below", ask.warn_below))
        if limit is not None
    ]
    return " and ".join(parts) + (f" ({', '.join(warnings)})" if warnings else "")


def number(value: float) -> str:
    """Write a number shortly, never rounding more than 1 in 1000 of it away."""
    if value == int(value):
        return str(int(value))
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.1f}"


def _sentence(found: FoundExpectation, ask: Expectation, unit: str) -> str:
    name = f"{ask.measure} {ask.name}" if ask.name else ask.measure
    what = " ".join(word for word in (found.of, name, found.phase) if word)
    bound = bound_text(ask.model_copy(update={"warn_above": None, "warn_below": None}))
    if found.observed is None and found.met is False:
        return f"{what}: {found.note}, must be {bound}"
    if found.observed is None:
        return f"{what} could not be measured: {found.note}"
    shown = _apart(found.observed, [limit for limit in (ask.min, ask.max, ask.equals) if limit is not None])
    said = f"{what} was {shown}{' ' + unit if unit in ('s', 'ms') else ''} (n={found.n})"
    if found.warn:
        return f"{said}, within bounds ({bound}) but {found.bound[found.bound.rindex('(warn') + 6 : -1]}"
    if ask.measure == "availability" and ask.min is not None and found.n < samples_for(ask.min):
        return f"{said}, must be {bound}: with so few samples none may be bad"
    return f"{said}, must be {bound}"


def _apart(value: float, limits: Sequence[float]) -> str:
    """Write a number so that it does not read like the bound that it broke."""
    text = number(value)
    return repr(value) if any(text == number(limit) and value != limit for limit in limits) else text
