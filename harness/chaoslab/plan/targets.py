"""What a scenario touches: services and how many of their replicas, and links."""

import math

from chaoslab.model.lab import LabSpec
from chaoslab.model.suite import DEFAULT_LINK, Count, FaultSpec, Scenario, how_many, where_of

PICKING_SECONDS = 8.0
"""Two attempts of asking the targets and starting a fault's helpers."""


def target_of(fault: FaultSpec) -> str | None:
    """Name the service that a fault touches, None for a fault on a link."""
    target = getattr(fault, "target", None)
    return target if isinstance(target, str) else None


def share_size(share: Count | float, replicas: int) -> int:
    """Turn a share into a number of replicas: a ratio (0..1) to the nearest, at least one; a count as everywhere."""
    if isinstance(share, float):
        return max(1, math.floor(share * replicas + 0.5))
    return how_many(share, replicas)


def shares_of(fault: FaultSpec) -> tuple[tuple[str, Count | float], ...]:
    """Name the shares of services that a fault touches: its target with its count, or what a fault on groups names as `shares`."""
    if shares := getattr(fault, "shares", None):
        return tuple(shares)
    target = target_of(fault)
    return () if target is None else ((target, getattr(fault, "count", 1)),)


def link_of(fault: FaultSpec) -> str | None:
    """Name the link that a fault touches, None for a fault on a service."""
    link = getattr(fault, "link", None)
    return link if isinstance(link, str) else None


def with_default_link(scenario: Scenario, lab: LabSpec) -> Scenario:
    """Put the lab's default link where a fault says `default` (or leaves an optional link out)."""
    if lab.default_link is None or DEFAULT_LINK in lab.links:
        return scenario
    update: dict[str, object] = {"faults": tuple(_linked(fault, lab.default_link) for fault in scenario.faults)}
    if scenario.campaign is not None:
        drawable = tuple(_linked(fault, lab.default_link) for fault in scenario.campaign.faults)
        update["campaign"] = scenario.campaign.model_copy(update={"faults": drawable})
    return scenario.model_copy(update=update)


def _linked(fault: FaultSpec, default: str) -> FaultSpec:
    if "link" in type(fault).model_fields and getattr(fault, "link", None) in (None, DEFAULT_LINK):
        return fault.model_copy(update={"link": default})
    return fault


def picking_seconds(fault: FaultSpec) -> float:
    """Bound the time that picking targets by `where` takes when the fault is due."""
    return PICKING_SECONDS if where_of(fault) else 0.0


def touched(scenario: Scenario, lab: LabSpec) -> dict[str, int]:
    """Count the replicas touched of each service; faults of one scenario on the same service hit the same replicas."""
    counts: dict[str, int] = {}
    for fault in scenario.faults:
        for target, count in shares_of(fault):
            if target in lab.services:
                counts[target] = max(share_size(count, lab.services[target].replicas), counts.get(target, 0))
    return counts


def links(scenario: Scenario) -> tuple[str, ...]:
    """Name the links touched, once each."""
    return tuple(dict.fromkeys(link for fault in scenario.faults if (link := link_of(fault)) is not None))


def touched_services(scenario: Scenario, lab: LabSpec) -> tuple[str, ...]:
    """Name the compose services that a scenario can leave broken: its targets, and both ends of its links."""
    ends = (end for name in links(scenario) for end in (lab.links[name].client, lab.links[name].server))
    return tuple(dict.fromkeys([*touched(scenario, lab), *(end for end in ends if end in lab.services)]))


def blast_radius(scenario: Scenario, lab: LabSpec) -> int:
    """Count the replicas and links that a scenario touches."""
    return sum(touched(scenario, lab).values()) + len(links(scenario))


def target_names(scenario: Scenario, lab: LabSpec) -> tuple[str, ...]:
    """Name what is touched, for people: `mock-worker (2 of 4)`, `link hive-proxy (queen-rbee -> rbee-hive)`.

    A service whose replicas are picked says how: `trader (1 of 2, where trader_is_leader is 1)`.
    """
    services = [
        f"{name} ({', '.join([f'{count} of {lab.services[name].replicas}', *_picked(name, scenario)])})"
        for name, count in touched(scenario, lab).items()
    ]
    edges = [
        f"link {name} ({lab.links[name].client} -> {lab.links[name].server})"
        for name in links(scenario)
        if name in lab.links
    ]
    return (*services, *edges)


def _picked(service: str, scenario: Scenario) -> list[str]:
    own = (where_of(fault) for fault in scenario.faults if target_of(fault) == service)
    return list(dict.fromkeys(f"where {where}" for where in own if where))
