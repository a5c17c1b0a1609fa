"""Hand-made samples, events and scenarios. Times are given in ms of lab time; a scenario's t0 is at 10 000 ms."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from chaoslab.model.history import Event, Sample
from chaoslab.model.lab import LabSpec, Probe, Service
from chaoslab.model.plan import PlannedScenario, Step
from chaoslab.model.result import ScenarioResult
from chaoslab.model.suite import Expectation, HeldFaultSpec, OneShotFaultSpec, Scenario
from chaoslab.verdict.judge import judge_scenario

MS = 1_000_000
START, T0 = 5_000, 10_000


class Held(HeldFaultSpec):
    """A fault that stays."""

    type: str = "held"


class OneShot(OneShotFaultSpec):
    """A fault that is an instant."""

    type: str = "oneshot"


def good(
    sent: float, finished: float | None = None, *, probe: str = "web", replica: int = 0, detail: Any = None
) -> Sample:
    """Make a good sample, 1 ms long unless told."""
    end = sent + 1 if finished is None else finished
    return Sample(
        probe, replica, round(sent * MS), round(sent * MS), round(end * MS), good=True, outcome="200", detail=detail
    )


def bad(
    sent: float, finished: float | None = None, *, probe: str = "web", replica: int = 0, outcome: str = "refused"
) -> Sample:
    """Make a bad sample, 1 ms long unless told."""
    end = sent + 1 if finished is None else finished
    return Sample(probe, replica, round(sent * MS), round(sent * MS), round(end * MS), good=False, outcome=outcome)


def stream(
    start: float, end: float, every: float, down: Callable[[float], bool] = lambda _sent: False, **of: Any
) -> list[Sample]:
    """Make an open-loop stream that is bad where `down` says so of the send."""
    count = int((end - start) / every)
    sends = (start + index * every for index in range(count))
    return [bad(sent, **of) if down(sent) else good(sent, **of) for sent in sends]


def between(start: float, end: float) -> Callable[[float], bool]:
    """Be down for sends in [start, end)."""
    return lambda sent: start <= sent < end


def series(*samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Group samples by probe, in order of arrival."""
    found: dict[str, list[Sample]] = {}
    for sample in sorted((one for part in samples for one in part), key=lambda one: one.finished_ns):
        found.setdefault(sample.probe, []).append(sample)
    return found


WEB = Probe(name="web", service="web", port=80)
TASKS = Probe(name="tasks", role="work", service="web", port=80, rate_hz=5.0, timeout_seconds=10.0)


def lab(*probes: Probe) -> LabSpec:
    """Make a lab of these probes."""
    return LabSpec(
        project="lab",
        services={"web": Service(name="web", replicas=2, chaos_ready=True)},
        networks=(),
        toxiproxy=None,
        default_link=None,
        links={},
        probes={probe.name: probe for probe in probes},
        triggers={},
    )


def planned(*expect: Expectation, held: bool = True, **keys: Any) -> PlannedScenario:
    """Plan a scenario with one fault `S-1.1`, 3 s of stability and 30 s to recover."""
    fault = Held(for_seconds=10.0) if held else OneShot()
    scenario = Scenario(id="S-1", name="A scenario", faults=(fault,), expect=expect, **keys)
    step = Step("S-1.1", fault, 0.0, 10.0 if held else 0.0)
    return PlannedScenario("suite", scenario, 5.0, 3.0, 30.0, (step,), ("web",), 60.0)


def event(kind: str, at: float, error: float = 0.0, **data: Any) -> Event:
    """Make an event of S-1."""
    return Event(round(at * MS), kind, "S-1", data, round(error * MS))


def events(
    *extra: Event, held: bool = True, end: float = 30_000, without: Sequence[str] = (), proven: bool = True
) -> list[Event]:
    """Make the events of a scenario that runs its course: t0 at 10 s, a held fault's revert at 20 s."""
    told = [
        event("scenario_started", START - 100, suite="suite"),
        event("baseline_started", START),
        event("baseline_ended", T0 - 100, steady=True, reason=""),
        event("injected", T0, 1, fault="S-1.1", type="held", what="500 ms", held=held, waited_seconds=0.0),
        event("proof", T0 + 1, fault="S-1.1", measured=512.0, expected="400..600", unit="ms", proven=proven, detail=""),
        *([event("reverted", T0 + 10_000, 2, fault="S-1.1", what="remove", clean=True, note="")] if held else []),
        *extra,
        event("observing_ended", end),
        event(
            "scenario_ended",
            end + 10,
            wall_seconds=26.0,
            declared_seconds=18.0,
            waited_seconds=1.0,
            recovery_seconds=6.5,
        ),
    ]
    return [one for one in told if one.kind not in without]


def judged(
    plan: PlannedScenario, told: Sequence[Event], samples: Mapping[str, Sequence[Sample]], *probes: Probe
) -> ScenarioResult:
    """Judge a scenario on a lab with these probes (`web` alone unless told)."""
    return judge_scenario(plan, lab(*(probes or (WEB,))), told, samples)
