"""Faults whose targets are picked when they are due: planned, told, and checked against what the lab declares."""

from typing import Any

import pytest

from chaoslab.faults.crash import CrashSpec
from chaoslab.faults.http import HttpSpec, UndoRequest
from chaoslab.faults.kill import KillSpec
from chaoslab.model.suite import FaultSpec, Scenario, Where
from chaoslab.plan.check import scenario_problems
from chaoslab.plan.targets import blast_radius, picking_seconds, target_names
from unit.parse.words import lab

LEADS = Where(metric="trader_is_leader", equals=1)


def scenario(*faults: FaultSpec) -> Scenario:
    """Make a scenario of these faults."""
    return Scenario(id="W", name="w", faults=faults)


def test_the_plan_says_how_targets_are_picked() -> None:
    """In the list of targets and in what is injected; the blast radius is what it would be without."""
    leader = scenario(CrashSpec(target="trader", where=LEADS), KillSpec(target="mock-worker", count=2))
    assert target_names(leader, lab()) == ("trader (1 of 2, where trader_is_leader is 1)", "mock-worker (2 of 4)")
    assert blast_radius(leader, lab()) == 3
    assert leader.faults[0].describe() == "SIGKILL to the process of trader where trader_is_leader is 1"
    assert [picking_seconds(fault) > 0 for fault in leader.faults] == [True, False]


def test_a_hook_is_asked_of_those_that_are_picked() -> None:
    """A fault that names its target otherwise takes `where` as well."""
    hook = HttpSpec(service="trader", path="/a", undo=UndoRequest(path="/b"), where=Where(probe="trader-leads"))
    assert hook.describe() == "POST /a of trader where trader-leads is good"
    assert list(scenario_problems(scenario(hook), lab())) == []


@pytest.mark.parametrize(
    ("keys", "message", "remedy"),
    [
        ({"probe": "trader-ledas"}, '"trader-ledas" is no probe that asks the replicas of "trader"', "trader-leads"),
        ({"probe": "tasks"}, '"tasks" is no probe that asks the replicas of "trader"', "known: "),
        ({"probe": "metrics:trader"}, '"metrics:trader" is no probe that asks', "known: "),
        (
            {"metric": "trader_is_leadr", "equals": 1},
            'metric "trader_is_leadr" of trader is not kept',
            "trader_is_leader",
        ),
    ],
)
def test_what_cannot_tell_replicas_apart(keys: dict[str, Any], message: str, remedy: str) -> None:
    """A probe that asks somebody else, or a metric that nobody reads, is told at `where`."""
    [found] = scenario_problems(scenario(CrashSpec(target="trader", where=Where(**keys))), lab())
    assert found[0] == ("faults", 0, "where")
    assert found[1].startswith(message)
    assert remedy in found[2]


def test_a_target_without_metrics() -> None:
    """Nothing can be picked by metrics that the lab does not declare."""
    [found] = scenario_problems(scenario(CrashSpec(target="redis", where=LEADS)), lab())
    assert found[1:] == ('the lab declares no metrics of "redis"', "x-chaoslab.metrics says where a service tells them")
