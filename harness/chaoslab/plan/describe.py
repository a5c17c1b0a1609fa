"""A plan in words and as JSON: what `chaoslab plan` prints. Adds nothing that the plan does not hold."""

from typing import Any

from chaoslab.model.lab import LabSpec
from chaoslab.model.plan import Plan, PlannedScenario, Step
from chaoslab.plan.make import NO_OVERLAYS, Overlaid
from chaoslab.plan.moments import moments
from chaoslab.plan.targets import blast_radius, target_names


def describe(plan: Plan, lab: LabSpec, overlaid: Overlaid = NO_OVERLAYS) -> dict[str, Any]:
    """Give a plan as JSON data: per scenario targets, blast radius, timeline, undo of each step, worst case.

    Instants count from the end of the baseline; `if_held_up_seconds`: when every injection before waits as long as it may.
    `overlaid`: the lab as overlays make it.
    """
    return {
        "profile": plan.profile,
        "seed": plan.seed,
        "worst_case_seconds": round(plan.worst_case_seconds, 3),
        "declared_seconds": round(plan.declared_seconds, 3),
        "scenarios": [_scenario(planned, overlaid.get(planned.overlays, lab), plan.seed) for planned in plan.scenarios],
    }


def text_rows(plan: Plan, lab: LabSpec, overlaid: Overlaid = NO_OVERLAYS) -> list[str]:
    """Give a plan as lines of text, for the console."""
    rows: list[str] = []
    for told in describe(plan, lab, overlaid)["scenarios"]:
        rows += [
            f"{told['id']}  {told['name']}  [{told['suite']}]",
            *([f"  overlays    {', '.join(told['overlays'])}"] if told["overlays"] else []),
            *([f"  campaign    {told['campaign']}"] if told["campaign"] else []),
            *([f"  load        {told['load']}"] if told["load"] else []),
            f"  targets     {', '.join(told['targets'])}  (blast radius {told['blast_radius']})",
            *(_row(entry) for entry in told["timeline"]),
            *(f"  undo {undo['fault']}: {step}" for undo in told["undo"] for step in undo["steps"]),
            f"  worst case  {told['worst_case_seconds']:.1f} s",
            "",
        ]
    count = len(plan.scenarios)
    limit = f"windows {plan.declared_seconds:.0f} s, at most {plan.worst_case_seconds:.0f} s without setting up the lab"
    rows.append(f"{count} scenario{'s' if count != 1 else ''}, profile {plan.profile}, {limit}")
    return rows


def _scenario(planned: PlannedScenario, lab: LabSpec, seed: int) -> dict[str, Any]:
    return {
        "suite": planned.suite,
        "id": planned.key,
        "name": planned.scenario.name,
        "tags": list(planned.scenario.tags),
        "overlays": list(planned.overlays),
        "campaign": f"{len(planned.steps)} of {planned.drawn_from} faults, drawn with seed {seed}"
        if planned.drawn_from
        else "",
        "load": planned.scenario.load.describe() if planned.scenario.load else "",
        "targets": list(target_names(planned.scenario, lab)),
        "blast_radius": blast_radius(planned.scenario, lab),
        "baseline_seconds": planned.baseline_seconds,
        "stable_seconds": planned.stable_seconds,
        "recovery_deadline_seconds": planned.recovery_deadline_seconds,
        "timeline": _timeline(planned),
        "undo": [{"fault": step.fault_id, "steps": list(step.fault.undoes())} for step in planned.steps],
        "worst_case_seconds": round(planned.worst_case_seconds, 3),
    }


def _timeline(planned: PlannedScenario) -> list[dict[str, Any]]:
    """List what happens, each with its instant, and its instant if it is held up."""
    recovery = f"until {planned.stable_seconds:g} s stable, at most {planned.recovery_deadline_seconds:g} s"
    entries = [(-planned.baseline_seconds, -planned.baseline_seconds, "baseline", f"{planned.baseline_seconds:g} s")]
    for moment in moments(planned.steps):
        what = _said(moment.step, moment.action) if moment.step else recovery
        entries.append((moment.at_seconds, moment.if_held_up_seconds, moment.action, what))
    return [
        {"at_seconds": round(at, 3), "if_held_up_seconds": round(held_up, 3), "action": action, "what": what}
        for at, held_up, action, what in entries
    ]


def _said(step: Step, action: str) -> str:
    if action == "revert":
        return step.fault_id
    stall = step.fault.stall_seconds()
    return f"{step.fault_id} {step.fault.describe()}" + (f"; takes up to {stall:g} s" if stall else "")


def _row(entry: dict[str, Any]) -> str:
    at, held_up = entry["at_seconds"], entry["if_held_up_seconds"]
    more = f" ({held_up:+.2f} s if held up)" if held_up > at else ""
    return f"  t={at:+8.2f} s  {entry['action']:<9} {entry['what']}{more}"
