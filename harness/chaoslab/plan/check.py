"""A scenario against a lab: whether its targets, links, triggers and probes exist and may be touched."""

from collections.abc import Iterator

from chaoslab.model.lab import READY_LABEL, LabSpec
from chaoslab.model.suite import DEFAULT_LINK, FaultSpec, Scenario, how_many
from chaoslab.parse.wording import Found, Place, nearest, shown
from chaoslab.plan.targets import link_of, target_of

NO_TRIGGER_NEEDED = ("random",)


def scenario_problems(scenario: Scenario, lab: LabSpec) -> Iterator[Found]:
    """Find what a scenario names that the lab does not have; places below the scenario, as its file wrote it."""
    for index, fault in enumerate(scenario.faults):
        for key, message, remedy in _fault_problems(fault, lab):
            yield _written(scenario, index, key), message, remedy
    for index, expectation in enumerate(scenario.expect):
        if expectation.of is not None:
            yield from _subject(("expect", index, "of"), expectation.of_kind, expectation.of, lab)
    for index, stop in enumerate(scenario.abort_when):
        yield from _subject(("abort_when", index, "of"), "probe", stop.of, lab)


def _written(scenario: Scenario, index: int, key: str) -> Place:
    if scenario.short_keys is None:
        return ("faults", index, key)
    return (scenario.short_keys[key],) if key in scenario.short_keys else ()


def _fault_problems(fault: FaultSpec, lab: LabSpec) -> Iterator[tuple[str, str, str]]:
    if (link := link_of(fault)) is not None:
        yield from _link_problems(link, lab)
    if (target := target_of(fault)) is not None:
        yield from _target_problems(target, getattr(fault, "count", 1), lab)
    timing = getattr(fault, "timing", None)
    if isinstance(timing, str) and timing not in (*lab.triggers, *NO_TRIGGER_NEEDED):
        yield (
            "timing",
            f"the lab declares no trigger {shown(timing)}",
            nearest(timing, (*lab.triggers, *NO_TRIGGER_NEEDED)),
        )


def _link_problems(link: str, lab: LabSpec) -> Iterator[tuple[str, str, str]]:
    if link == DEFAULT_LINK and link not in lab.links:
        yield (
            "link",
            "no link is named and the lab has no default_link",
            "add link, or default_link to the x-chaoslab block",
        )
    elif link not in lab.links:
        yield "link", f"unknown link {shown(link)}", nearest(link, lab.links)


def _target_problems(target: str, count: int | str, lab: LabSpec) -> Iterator[tuple[str, str, str]]:
    service = lab.services.get(target)
    if service is None:
        yield (
            "target",
            f"unknown target {shown(target)}",
            nearest(target, [name for name, known in lab.services.items() if known.chaos_ready]),
        )
    elif not service.chaos_ready:
        yield (
            "target",
            f'service "{target}" is not chaos-ready',
            f'only services with the label {READY_LABEL}: "true" are ever touched',
        )
    elif service.replicas < 1:
        yield "target", f'service "{target}" has no replicas', "give it some in the compose file"
    elif (number := how_many(count, service.replicas)) > service.replicas:
        yield (
            "count",
            f'{number} replicas of "{target}" are asked, it has {service.replicas}',
            f'at most {service.replicas}, or "all"',
        )


def _subject(place: Place, kind: str | None, name: str, lab: LabSpec) -> Iterator[Found]:
    """Check what an expectation is about; `kind` None: a probe or a service, nobody said which."""
    known = {"probe": [*lab.probes], "service": [*lab.services]}.get(kind or "", [*lab.probes, *lab.services])
    if name not in known:
        yield place, f"unknown {kind or 'probe or service'} {shown(name)}", nearest(name, known)
