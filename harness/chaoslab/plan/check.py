"""A scenario against a lab: whether its targets, links, triggers and probes exist and may be touched."""

from collections.abc import Iterator

from chaoslab.model.lab import LOAD, READY_LABEL, LabSpec
from chaoslab.model.suite import DEFAULT_LINK, Expectation, FaultSpec, OfKind, Scenario, Where, where_of
from chaoslab.parse.wording import Found, Place, nearest, shown
from chaoslab.plan.campaign import candidates
from chaoslab.plan.targets import link_of, share_size, shares_of, target_of

NO_TRIGGER_NEEDED = ("random",)


def scenario_problems(scenario: Scenario, lab: LabSpec) -> Iterator[Found]:
    """Find what a scenario names that the lab does not have; places below the scenario, as its file wrote it."""
    for index, fault in enumerate(scenario.faults):
        for key, message, remedy in _fault_problems(fault, lab):
            yield _written(scenario, index, key), message, remedy
    yield from dict.fromkeys(_campaign_problems(scenario, lab))
    if scenario.load and LOAD.name in lab.probes:
        yield ("load",), f'a probe of the lab is named "{LOAD.name}" already', "give that probe another name"
    for index, expectation in enumerate(scenario.expect):
        if expectation.of is not None and not _is_load(scenario, expectation.of, expectation.of_kind):
            yield from _subject(("expect", index, "of"), expectation.of_kind, expectation.of, lab)
            yield from _series_problems(("expect", index, "name"), expectation, lab)
    for index, stop in enumerate(scenario.abort_when):
        if not _is_load(scenario, stop.of, "probe"):
            yield from _subject(("abort_when", index, "of"), "probe", stop.of, lab)


def _is_load(scenario: Scenario, of: str, kind: OfKind | None) -> bool:
    return scenario.load is not None and of == LOAD.name and kind in ("probe", None)


def _campaign_problems(scenario: Scenario, lab: LabSpec) -> Iterator[Found]:
    """Check every fault that may be drawn, so that no seed finds out later."""
    for candidate in candidates(scenario.campaign) if scenario.campaign else ():
        for key, message, remedy in _fault_problems(candidate.fault, lab):
            drawn_target = key == "target" and candidate.target is not None
            place = ("targets", candidate.target or 0) if drawn_target else ("faults", candidate.number, key)
            yield ("campaign", *place), message, remedy


def _written(scenario: Scenario, index: int, key: str) -> Place:
    if scenario.short_keys is None:
        return ("faults", index, key)
    return (scenario.short_keys[key],) if key in scenario.short_keys else ()


def _fault_problems(fault: FaultSpec, lab: LabSpec) -> Iterator[tuple[str, str, str]]:
    if (link := link_of(fault)) is not None:
        yield from _link_problems(link, lab)
    own = "target" if "target" in type(fault).model_fields else "service"
    key = own if target_of(fault) is not None else "groups"
    for target, count in shares_of(fault):
        if key == "groups" and lab.toxiproxy is not None and target == lab.toxiproxy.service:
            continue  # it may stand on one side of a cut; the rules go to the other side
        for place, message, remedy in _target_problems(target, count, lab):
            yield key if place == "target" or key == "groups" else place, message, remedy
    if where := where_of(fault):
        yield from _where_problems(where, target_of(fault) or "", lab)
    timing = getattr(fault, "timing", None)
    if isinstance(timing, str) and timing not in (*lab.triggers, *NO_TRIGGER_NEEDED):
        yield (
            "timing",
            f"the lab declares no trigger {shown(timing)}",
            nearest(timing, (*lab.triggers, *NO_TRIGGER_NEEDED)),
        )


def _where_problems(where: Where, target: str, lab: LabSpec) -> Iterator[tuple[str, str, str]]:
    """Find a probe or metric that cannot tell the target's replicas apart."""
    if where.probe is not None:
        own = [name for name, probe in lab.probes.items() if probe.service == target and probe.kind != "metrics"]
        if where.probe not in own:
            yield (
                "where",
                f'{shown(where.probe)} is no probe that asks the replicas of "{target}"',
                nearest(where.probe, own),
            )
    elif target not in lab.metrics:
        yield (
            "where",
            f'the lab declares no metrics of "{target}"',
            "x-chaoslab.metrics says where a service tells them",
        )
    else:
        yield from (("where", *told) for told in _not_kept(where.metric or "", target, lab))


def _link_problems(link: str, lab: LabSpec) -> Iterator[tuple[str, str, str]]:
    if link == DEFAULT_LINK and link not in lab.links:
        yield (
            "link",
            "no link is named and the lab has no default_link",
            "add link, or default_link to the x-chaoslab block",
        )
    elif link not in lab.links:
        yield "link", f"unknown link {shown(link)}", nearest(link, lab.links)


def _target_problems(target: str, count: str | float, lab: LabSpec) -> Iterator[tuple[str, str, str]]:
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
    elif (number := share_size(count, service.replicas)) > service.replicas:
        yield (
            "count",
            f'{number} replicas of "{target}" are asked, it has {service.replicas}',
            f'at most {service.replicas}, or "all"',
        )


def _subject(place: Place, kind: str | None, name: str, lab: LabSpec) -> Iterator[Found]:
    """Check what an expectation is about; `kind` None: a probe or a service, nobody said which."""
    kinds: dict[str | None, list[str]] = {
        "probe": [*lab.probes],
        "service": [*lab.services],
        "ledger": [*lab.ledgers],
        "probe or ledger": [*lab.probes, *lab.ledgers],
        "service with metrics": [*lab.metrics],
        "token check": [*lab.tokens],
    }
    known = kinds.get(kind, [*lab.probes, *lab.services])
    if name not in known:
        remedy = 'the scenario has no "load"' if name == LOAD.name else nearest(name, known)
        yield place, f"unknown {kind or 'probe or service'} {shown(name)}", remedy


def _series_problems(place: Place, ask: Expectation, lab: LabSpec) -> Iterator[Found]:
    """Find a series that is not kept: it could never be measured."""
    if ask.of in lab.metrics and ask.of_kind == "service with metrics":
        yield from ((place, *told) for told in _not_kept(ask.name or "", ask.of, lab))


def _not_kept(series: str, service: str, lab: LabSpec) -> Iterator[tuple[str, str]]:
    keep, metric = lab.metrics[service].keep, series.partition("{")[0]
    if keep and metric not in keep:
        remedy = nearest(metric, keep) + "; x-chaoslab.metrics names what is kept"
        yield f"metric {shown(metric)} of {service} is not kept", remedy
