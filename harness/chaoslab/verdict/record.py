"""Events and samples of one scenario -> one typed Recorded value; the only place that knows the events' keys."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaoslab.model.history import Event, Proof, Sample
from chaoslab.verdict.outages import NO_STRIKE, Strike, counted_ns
from chaoslab.verdict.recovery import since

EVENT_KINDS = (
    "scenario_started",
    "load_started",
    "baseline_started",
    "baseline_ended",
    "picked",
    "injected",
    "not_injected",
    "proof",
    "reverted",
    "settled",
    "deadline_passed",
    "aborted",
    "observing_ended",
    "load_ended",
    "proof_clean",
    "ledger",
    "tokens",
    "log_matches",
    "left_dirty",
    "engine",
    "replicas",
    "note",
    "interrupted",
    "error",
    "scenario_ended",
)
"""Every kind of event, in the order in which a scenario brings them; docs/results.md describes each."""


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault that took effect at `at_ns`, known to `error_ns`."""

    fault: str
    what: str
    held: bool
    at_ns: int
    error_ns: int


@dataclass(frozen=True, slots=True)
class NotInjected:
    """A fault that did not come about; `status` is skipped, not_provable or error."""

    fault: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reverted:
    """One undo that was carried out for a fault (or for none: clean-up)."""

    fault: str
    what: str
    at_ns: int
    error_ns: int
    clean: bool
    note: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """Everything that was recorded of one scenario, from its start to the end of observing."""

    started: Event | None
    events: tuple[Event, ...]
    samples: Mapping[str, Sequence[Sample]]
    injections: tuple[Injection, ...] = ()
    not_injected: tuple[NotInjected, ...] = ()
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    clean_proofs: tuple[Proof, ...] = ()
    reverts: tuple[Reverted, ...] = ()
    observing_ended_ns: int = 0

    def of_kind(self, kind: str) -> list[Event]:
        """List this scenario's events of one kind, in order."""
        return [event for event in self.events if event.kind == kind]

    def last(self, kind: str) -> Event | None:
        """Give the newest event of one kind."""
        return next((event for event in reversed(self.events) if event.kind == kind), None)

    @property
    def strike(self) -> Strike:
        """The first effect (t0) with its error; NO_STRIKE when nothing was injected."""
        first = min(self.injections, key=lambda injection: injection.at_ns, default=None)
        return Strike(first.at_ns, first.error_ns) if first else NO_STRIKE

    @property
    def reference(self) -> Strike:
        """The instant that recovery counts from: the last of reverts of held faults and effects of one-shot ones."""
        held = {injection.fault for injection in self.injections if injection.held}
        instants = [Strike(one.at_ns, one.error_ns) for one in self.injections if not one.held]
        instants += [Strike(one.at_ns, one.error_ns) for one in self.reverts if one.fault in held]
        return max(instants, key=lambda instant: instant.at_ns, default=self.strike)

    @property
    def all_reverted(self) -> bool:
        """Whether every held fault was reverted; only then does recovery begin."""
        reverted = {one.fault for one in self.reverts}
        return all(one.fault in reverted for one in self.injections if one.held)


def by_probe(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Group a run's samples by probe, as History.series holds them."""
    series: dict[str, list[Sample]] = {}
    for sample in samples:
        series.setdefault(sample.probe, []).append(sample)
    return series


def recorded(scenario_id: str, events: Sequence[Event], samples: Mapping[str, Sequence[Sample]]) -> Recorded:
    """Cut one scenario's newest attempt out of a run's whole history."""
    own = [event for event in events if event.scenario == scenario_id]
    first = max((index for index, event in enumerate(own) if event.kind == "scenario_started"), default=None)
    if first is None:
        return Recorded(None, (), {})
    own = own[first:]
    end = _observing_end(own, samples)
    injections = tuple(_injection(event) for event in own if event.kind == "injected")
    strike = Recorded(own[0], (), {}, injections).strike
    return Recorded(
        started=own[0],
        events=tuple(own),
        samples={name: _cut(series, own[0].at_ns, end, strike) for name, series in samples.items()},
        injections=injections,
        not_injected=tuple(_not_injected(event) for event in own if event.kind == "not_injected"),
        proofs={event.data["fault"]: _proof(event.data) for event in own if event.kind == "proof"},
        clean_proofs=tuple(_proof(event.data) for event in own if event.kind == "proof_clean"),
        reverts=tuple(_reverted(event) for event in own if event.kind == "reverted"),
        observing_ended_ns=end,
    )


def _observing_end(own: Sequence[Event], samples: Mapping[str, Sequence[Sample]]) -> int:
    for kind in ("observing_ended", "scenario_ended"):
        found = [event.at_ns for event in own if event.kind == kind]
        if found:
            return found[-1]
    newest = [series[-1].finished_ns for series in samples.values() if series]
    return max([own[-1].at_ns, *newest])


def _cut(series: Sequence[Sample], start_ns: int, end_ns: int, strike: Strike) -> list[Sample]:
    return [sample for sample in since(series, start_ns) if start_ns <= counted_ns(sample, strike) <= end_ns]


def _injection(event: Event) -> Injection:
    data = event.data
    return Injection(data["fault"], str(data.get("what", "")), bool(data.get("held")), event.at_ns, event.error_ns)


def _not_injected(event: Event) -> NotInjected:
    data = event.data
    return NotInjected(data["fault"], data["status"], str(data.get("reason", "")))


def _reverted(event: Event) -> Reverted:
    data = event.data
    what, note = str(data.get("what", "")), str(data.get("note", ""))
    return Reverted(str(data.get("fault", "")), what, event.at_ns, event.error_ns, bool(data.get("clean", True)), note)


def _proof(data: Mapping[str, Any]) -> Proof:
    return Proof(
        fault=data["fault"],
        measured=data.get("measured"),
        expected=str(data.get("expected", "")),
        unit=str(data.get("unit", "")),
        proven=bool(data.get("proven")),
        detail=str(data.get("detail", "")),
    )
