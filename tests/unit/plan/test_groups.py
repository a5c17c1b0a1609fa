"""A fault on groups of services is planned, counted and checked as one on a target is."""

from typing import Any

import pytest

from chaoslab.faults.partition import PartitionSpec
from chaoslab.model.suite import Scenario
from chaoslab.plan.check import scenario_problems
from chaoslab.plan.targets import blast_radius, target_names, touched_services
from unit.parse.words import lab


def scenario(**keys: Any) -> Scenario:
    """Make a scenario of one partition."""
    return Scenario(id="P", name="p", faults=(PartitionSpec(**keys),))


def test_the_members_of_all_groups_are_touched() -> None:
    """With their shares, for people and for the limit of targets."""
    spec = lab()
    cut = scenario(groups=(("queen-rbee",), ("mock-worker:50%",)))
    assert touched_services(cut, spec) == ("queen-rbee", "mock-worker")
    assert blast_radius(cut, spec) == 1 + 2
    assert target_names(cut, spec) == ("queen-rbee (1 of 1)", "mock-worker (2 of 4)")


@pytest.mark.parametrize(("ratio", "number"), [(0.5, 2), (0.3, 1), (0.05, 1), (1.0, 4), (None, 4)])
def test_a_ratio_is_that_of_the_replicas_to_the_nearest(ratio: float | None, number: int) -> None:
    """At least one, so that half and a third of four differ."""
    assert blast_radius(scenario(target="mock-worker", ratio=ratio), lab()) == number


@pytest.mark.parametrize(
    ("keys", "place", "words"),
    [
        ({"groups": (("queen-rbee",), ("nobody",))}, ("faults", 0, "groups"), 'unknown target "nobody"'),
        ({"groups": (("queen-rbee",), ("mock-worker:5",))}, ("faults", 0, "groups"), "5 replicas"),
        ({"target": "nobody"}, ("faults", 0, "target"), 'unknown target "nobody"'),
    ],
)
def test_what_a_group_names_must_be_there(keys: dict[str, Any], place: tuple[Any, ...], words: str) -> None:
    """The problem stands at the key that said it."""
    [found] = scenario_problems(scenario(**keys), lab())
    assert found[0] == place
    assert words in found[1]


def test_toxiproxy_may_stand_on_one_side_of_a_cut() -> None:
    """It is no target: the rules go to the other side."""
    spec = lab()
    assert spec.toxiproxy is not None
    assert list(scenario_problems(scenario(groups=(("queen-rbee",), (spec.toxiproxy.service,))), spec)) == []
