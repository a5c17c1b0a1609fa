"""Expectations and stop conditions against the catalogue of measures."""

import math
import re
from collections.abc import Iterator, Mapping

from chaoslab.model.suite import Expectation, StopCondition
from chaoslab.model.vocabulary import MeasureSpec
from chaoslab.parse.wording import Found, nearest, one_of

BOUNDS = ("min", "max", "equals", "warn_above", "warn_below")


def expectation_problems(expectation: Expectation, measures: Mapping[str, MeasureSpec]) -> Iterator[Found]:
    """Find what an expectation says that its measure does not allow; places below the expectation."""
    spec = measures.get(expectation.measure)
    if spec is None:
        yield ("measure",), f'unknown measure "{expectation.measure}"', nearest(expectation.measure, measures)
        return
    yield from _subject(expectation, spec)
    yield from _further(expectation, spec)
    yield from _bounds(expectation, spec)


def stop_problems(stop: StopCondition, measures: Mapping[str, MeasureSpec]) -> Iterator[Found]:
    """Find what is wrong with a stop condition; places below it."""
    spec = measures.get(stop.measure)
    if spec is None:
        yield ("measure",), f'unknown measure "{stop.measure}"', nearest(stop.measure, measures)
    elif not spec.live:
        usable = [name for name, measure in measures.items() if measure.live]
        yield ("measure",), f'measure "{spec.name}" is not known while a scenario runs', f"use {one_of(usable)}"
    if stop.below is None and stop.above is None:
        yield (), "no limit is given", 'add "below" or "above"'


def _subject(expectation: Expectation, spec: MeasureSpec) -> Iterator[Found]:
    if spec.needs_of and expectation.of is None:
        yield (), f'measure "{spec.name}" needs the key "of"', f"name a {spec.of_kind}"
    if spec.of_kind is None and expectation.of is not None:
        yield ("of",), f'measure "{spec.name}" takes no "of"', "remove it"
    if expectation.phase is not None and expectation.phase not in spec.phases:
        remedy = f"use {one_of(spec.phases)}" if spec.phases else "remove it"
        yield ("phase",), f'measure "{spec.name}" is not known per phase "{expectation.phase}"', remedy
    if spec.needs_name and expectation.name is None:
        yield (), f'measure "{spec.name}" needs the key "name"', spec.doc
    if not spec.needs_name and expectation.name is not None:
        yield ("name",), f'measure "{spec.name}" takes no "name"', "remove it"


def _further(expectation: Expectation, spec: MeasureSpec) -> Iterator[Found]:
    """Check the keys that only some measures take, and a regular expression's own grammar."""
    for key in ("reduce", "across"):
        if getattr(expectation, key) is not None and key not in spec.takes:
            yield (key,), f'measure "{spec.name}" takes no "{key}"', "remove it"
    if "regex" in spec.takes and expectation.name is not None:
        try:
            re.compile(expectation.name)
        except re.error as error:
            yield ("name",), f"is no regular expression: {error}", "Python's syntax; escape what is meant literally"


def _bounds(expectation: Expectation, spec: MeasureSpec) -> Iterator[Found]:
    bounds = {key: value for key in BOUNDS if (value := getattr(expectation, key)) is not None}
    if not bounds:
        yield (), "no bound is given", f"add one of {', '.join(BOUNDS)}"
    for key, value in bounds.items():
        if value < 0:
            yield (key,), "must be at least 0: no measure is negative", ""
        elif spec.unit == "share" and value > 1:
            remedy = f"write {value / 100:g} for {value:g}%" if value <= 100 else ""
            yield (key,), f"must be at most 1: {spec.name} is a share", remedy
    if "equals" in bounds and len(bounds) > 1:
        yield ("equals",), "equals stands alone", "remove the other bounds"
    yield from _contradictions(bounds)
    for key, wrong_way in (("warn_above", True), ("warn_below", False)):
        if key in bounds and spec.higher_is_better is wrong_way:
            better, other = ("better", "warn_below") if wrong_way else ("worse", "warn_above")
            yield (key,), f"{spec.name} is {better} when higher", f"use {other}"


def _contradictions(bounds: Mapping[str, float]) -> Iterator[Found]:
    least, most = bounds.get("min", -math.inf), bounds.get("max", math.inf)
    if least > most:
        yield ("min",), f"min {least:g} is above max {most:g}", "nothing can be both"
    if (above := bounds.get("warn_above", -math.inf)) >= most:
        yield ("warn_above",), f"warn_above {above:g} is not below max {most:g}: it could never warn", ""
    if (below := bounds.get("warn_below", math.inf)) <= least:
        yield ("warn_below",), f"warn_below {below:g} is not above min {least:g}: it could never warn", ""
