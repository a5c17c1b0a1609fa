"""Draws a campaign's faults from the run's seed: which of them, on which targets, one after another. The same seed draws the same."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaoslab.model.lab import LabSpec
from chaoslab.model.suite import ANY_TARGET, Campaign, FaultSpec, Scenario
from chaoslab.parse.wording import Found
from chaoslab.plan.targets import blast_radius, link_of, shares_of, target_of

Fits = Callable[[Sequence[FaultSpec]], bool]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fault that may be drawn. `number`: its place in the campaign's faults; `target`: that of its target in `targets`, if it was open."""

    fault: FaultSpec
    number: int
    target: int | None = None


def candidates(campaign: Campaign) -> list[Candidate]:
    """List every fault that may be drawn; one that leaves its target open once for each of `targets`."""
    found = []
    for number, fault in enumerate(campaign.faults):
        if target_of(fault) != ANY_TARGET or "target" not in type(fault).model_fields:
            found.append(Candidate(fault, number))
            continue
        found += [
            Candidate(fault.model_copy(update={"target": target}), number, place)
            for place, target in enumerate(campaign.targets)
        ]
    return found


def settled(scenario: Scenario, lab: LabSpec, seed: int) -> tuple[Scenario, list[Found]]:
    """Return a scenario with its campaign's faults drawn, as an ordinary one; or why no draw can be made, whatever the seed."""
    campaign = scenario.campaign
    if campaign is None:
        return scenario, []
    order = [candidate.fault for candidate in candidates(campaign)]
    random.Random(f"{seed}:{scenario.id}:campaign").shuffle(order)  # noqa: S311 - a reproducible choice, no secret

    def fits(faults: Sequence[FaultSpec]) -> bool:
        radius = blast_radius(scenario.model_copy(update={"faults": tuple(faults)}), lab)
        return radius <= campaign.max_targets and _apart(faults, lab)

    drawn = _first_that_fit(order, campaign.pick, fits, ())
    if drawn is None:
        said = f"no {campaign.pick} of its {len(order)} faults, each elsewhere, touch at most {campaign.max_targets} targets"
        return scenario, [(("campaign",), said, "lower pick, raise max_targets or name more targets")]
    return scenario.model_copy(update={"faults": _one_after_another(drawn, campaign), "campaign": None}), []


def _first_that_fit(
    order: Sequence[FaultSpec], number: int, fits: Fits, taken: tuple[FaultSpec, ...]
) -> tuple[FaultSpec, ...] | None:
    """Find the first so many of an order that fit together. More faults never fit where fewer do not."""
    if len(taken) == number:
        return taken
    for index, fault in enumerate(order):
        if fits((*taken, fault)) and (found := _first_that_fit(order[index + 1 :], number, fits, (*taken, fault))):
            return found
    return None


def _apart(faults: Sequence[FaultSpec], lab: LabSpec) -> bool:
    """Whether no two touch the same service or link, nor one a link and another an end of it: it would find what is still coming back."""
    services = [service for fault in faults for service in {service for service, _count in shares_of(fault)}]
    links = [link for fault in faults if (link := link_of(fault))]
    ends = {end for link in links for end in (lab.links[link].client, lab.links[link].server)}
    return len({*services}) == len(services) and len({*links}) == len(links) and ends.isdisjoint(services)


def _one_after_another(drawn: Sequence[FaultSpec], campaign: Campaign) -> tuple[FaultSpec, ...]:
    faults, at = [], 0.0
    for fault in drawn:
        faults.append(fault.model_copy(update={"at_seconds": at}))
        at += fault.hold_seconds() + campaign.gap_seconds
    return tuple(faults)
