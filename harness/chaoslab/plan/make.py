"""The planner: chooses scenarios, checks them against the lab, gives every fault its place on the timeline."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from types import MappingProxyType

from chaoslab.errors import InputError, Problem
from chaoslab.model.lab import LabSpec
from chaoslab.model.plan import Plan, PlannedScenario, Profile
from chaoslab.model.suite import LOAD_START_SECONDS, LOAD_STOP_SECONDS, Scenario, Suite
from chaoslab.parse.wording import json_path, nearest, shown
from chaoslab.plan.campaign import candidates, settled
from chaoslab.plan.check import scenario_problems
from chaoslab.plan.repeat import repeated, shortest
from chaoslab.plan.targets import blast_radius, picking_seconds, target_names, touched_services, with_default_link
from chaoslab.plan.timeline import windows

Overlaid = Mapping[tuple[str, ...], LabSpec]
NO_OVERLAYS: Overlaid = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Selection:
    """Which scenarios run. `only`, `tags` and `skip` hold ids, tags or patterns such as `NF-*`.

    A scenario runs when it matches one of `only` (if given) by id or tag, has one of `tags` (if given), and matches
    nothing of `skip`. `max_targets`: the most replicas and links that one scenario may touch (None: no limit).
    `shortest`: of all these only so many, those with the shortest declared windows (None: all). `repeat`: how often each.
    """

    only: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    max_targets: int | None = None
    shortest: int | None = None
    repeat: int = 1


def make_plan(
    suites: Sequence[Suite],
    lab: LabSpec,
    profile: Profile,
    seed: int,
    selection: Selection,
    overlaid: Overlaid = NO_OVERLAYS,
) -> Plan:
    """Plan the chosen scenarios of `suites` on `lab`, in the order of the files, those with equal overlays together.

    `overlaid`: the lab as each suite's overlays make it; a suite whose overlays are not in it is planned on `lab`.

    Raises InputError with everything that does not fit: unknown targets, links, probes and triggers, targets that are
    not chaos-ready, counts above the declared replicas, a blast radius above the limit, filters that match nothing.
    """
    problems = list(_filter_problems(suites, selection))
    planned: list[PlannedScenario] = []
    for suite in suites:
        spec = overlaid.get(suite.overlays, lab)
        for index, written in enumerate(suite.scenarios):
            if not _chosen(written, selection):
                continue
            scenario = with_default_link(written, spec)
            found = list(scenario_problems(scenario, spec))
            if not found:
                scenario, found = settled(scenario, spec, seed)
            if not found:
                drawn_from = len(candidates(written.campaign)) if written.campaign else 0
                planned.append(replace(_planned(suite, scenario, spec, profile), drawn_from=drawn_from))
                found = list(_too_many(planned[-1], spec, selection))
            problems += [
                Problem(suite.file, json_path(("scenarios", index, *place)), message, remedy)
                for place, message, remedy in found
            ]
    if problems:
        raise InputError(problems)
    scenarios = repeated(shortest(planned, selection.shortest), selection.repeat)
    return Plan(profile, seed, scenarios, {suite.name: suite.slo for suite in suites})


def _planned(suite: Suite, scenario: Scenario, lab: LabSpec, profile: Profile) -> PlannedScenario:
    timing = windows(scenario, profile)
    last_revert = max(step.end_seconds for step in timing.steps)
    waits = sum(step.fault.longest_wait_seconds() + picking_seconds(step.fault) for step in timing.steps)
    waits += LOAD_START_SECONDS + LOAD_STOP_SECONDS if scenario.load else 0.0
    deadline = scenario.recovery_deadline_seconds
    return PlannedScenario(
        suite=suite.name,
        scenario=scenario,
        baseline_seconds=timing.baseline_seconds,
        stable_seconds=timing.stable_seconds,
        recovery_deadline_seconds=deadline,
        steps=timing.steps,
        targets=touched_services(scenario, lab),
        worst_case_seconds=timing.baseline_seconds + last_revert + waits + deadline + timing.stable_seconds,
        overlays=suite.overlays,
        file=suite.file,
    )


def _chosen(scenario: Scenario, selection: Selection) -> bool:
    names = (scenario.id, *scenario.tags)
    if _match(names, selection.skip):
        return False
    return (not selection.only or _match(names, selection.only)) and (
        not selection.tags or _match(scenario.tags, selection.tags)
    )


def _match(names: Sequence[str], patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _filter_problems(suites: Sequence[Suite], selection: Selection) -> Iterator[Problem]:
    scenarios = [scenario for suite in suites for scenario in suite.scenarios]
    tags = sorted({tag for scenario in scenarios for tag in scenario.tags})
    names = [*(scenario.id for scenario in scenarios), *tags]
    missed = False
    for option, patterns, known in (
        ("--only", selection.only, names),
        ("--tags", selection.tags, tags),
        ("--skip", selection.skip, names),
    ):
        for pattern in patterns:
            if not _match(known, (pattern,)):
                missed = True
                yield Problem(option, "", f"{shown(pattern)} matches no scenario", nearest(pattern, known))
    if not missed and not any(_chosen(scenario, selection) for scenario in scenarios):
        yield Problem(
            "selection", "", f"none of the {len(scenarios)} scenarios is left to run", "loosen --only, --tags or --skip"
        )


def _too_many(
    planned: PlannedScenario, lab: LabSpec, selection: Selection
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    radius = blast_radius(planned.scenario, lab)
    if selection.max_targets is not None and radius > selection.max_targets:
        touched = ", ".join(target_names(planned.scenario, lab))
        yield (
            (),
            f"touches {radius} targets ({touched}), {selection.max_targets} are allowed",
            "raise --max-targets or lower count",
        )
