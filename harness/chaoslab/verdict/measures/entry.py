"""What a measure is: how a file asks for it, how it is taken, and what it gives. Bounds are judged elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chaoslab.model.history import Sample
from chaoslab.model.suite import Expectation, Phase
from chaoslab.model.vocabulary import MeasureSpec
from chaoslab.verdict.baseline import Window
from chaoslab.verdict.findings import Findings, Stream

PHASES: tuple[Phase, ...] = ("before", "during", "after")


@dataclass(frozen=True, slots=True)
class Measured:
    """One number. `observed` None: nothing could be measured, unless `broken` says that it is known to be bad."""

    observed: float | None
    n: int
    note: str = ""
    bad: int = 0
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """A catalogue entry: how a file asks for it, and how it is taken."""

    spec: MeasureSpec
    take: Callable[[Findings, Expectation], Measured]


NOTHING = Measured(None, 0, "no samples")


def samples_of(findings: Findings, ask: Expectation, default: Phase = "during") -> Sequence[Sample]:
    """Pick the samples of the probe and phase that are asked for."""
    stream = findings.streams.get(ask.of or "")
    window = findings.phases.get(ask.phase or default)
    return stream.within(window) if stream and window else ()


def streams_of(findings: Findings, ask: Expectation) -> list[Stream]:
    """Pick the probe that is asked for, or all that count."""
    if ask.of is None:
        return list(findings.counted.values())
    return [findings.streams[ask.of]] if ask.of in findings.streams else []


def window_of(findings: Findings, phase: Phase | None) -> Window | None:
    """Give a phase's window, without a phase the whole scenario's; None when the scenario did not come to it."""
    if phase is not None:
        return findings.phases.get(phase)
    return Window(findings.phases["before"].start_ns, findings.end_ns + 1)


_PHASED = MeasureSpec(
    name="",
    unit="1",
    needs_of=True,
    of_kind="probe",
    phases=PHASES,
    default_phase="during",
    needs_name=False,
    higher_is_better=False,
    doc="",
)
_WHOLE = replace(_PHASED, needs_of=False, phases=(), default_phase=None)


def phased(name: str, doc: str, take: Callable[[Findings, Expectation], Measured], **spec: Any) -> Measure:
    """Make a measure that is taken of a phase, of a probe and `during` unless `spec` says otherwise."""
    return Measure(replace(_PHASED, name=name, doc=doc, **spec), take)


def whole(name: str, doc: str, take: Callable[[Findings, Expectation], Measured], **spec: Any) -> Measure:
    """Make a measure that is taken of the whole scenario, with an optional probe unless `spec` says otherwise."""
    return Measure(replace(_WHOLE, name=name, doc=doc, **spec), take)
