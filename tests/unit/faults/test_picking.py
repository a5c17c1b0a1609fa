"""Targets picked by what they say when the fault is due."""

from collections.abc import Callable
from typing import Any

import pytest

from chaoslab.errors import NotProvable
from chaoslab.faults import picking
from chaoslab.faults.catalog import make_fault
from chaoslab.faults.hang import HangSpec
from chaoslab.faults.running import PICK_ATTEMPTS, Running
from chaoslab.model.history import Sample
from chaoslab.model.suite import Where
from unit.faults.made import MS, MadeLab, replica, step

LEADS = Where(metric="leads", equals=1)
GOOD = Where(probe="role")
WORKERS = (replica(number=1), replica(number=2), replica(number=3))


def said(lab: MadeLab, values: dict[int, Any], probe: str = "metrics:worker") -> None:
    """Let each replica say something now: a metric's value, or None for no answer."""
    now = lab.history.now_ns()
    for number, value in values.items():
        good = value is not None
        detail = {'leads{a="b"}': value, "leads_not": 1.0} if good else None
        lab.history.samples_in([Sample(probe, number, now, now, now + MS, good, "200" if good else "503", detail)])


def answering(lab: MadeLab, values: dict[int, Any], probe: str = "metrics:worker") -> None:
    """Let the replicas say it whenever somebody waits."""
    wait = lab.history.wait

    def told(condition: Callable[[], Any], *rest: Any, **options: Any) -> Any:
        said(lab, values, probe)
        return wait(condition, *rest, **options)

    lab.history.wait = told  # type: ignore[method-assign]


def picked(lab: MadeLab, where: Where = LEADS, count: int | str = 1) -> list[int]:
    """Pick, and name the numbers."""
    return [one.number for one in picking.pick(lab.as_lab(), where, count, WORKERS)]


@pytest.mark.parametrize(
    ("values", "count", "numbers"),
    [
        ({1: 0.0, 2: 1.0, 3: 0.0}, 1, [2]),
        ({1: 1.0, 2: 1.0, 3: 0.0}, 1, [1]),
        ({1: 1.0, 2: 1.0, 3: 0.0}, "all", [1, 2]),
        ({1: 1.0, 2: 1.0, 3: 1.0}, "50%", [1, 2]),
        ({1: None, 2: None, 3: 1.0}, 1, [3]),
        ({3: 1.0}, 1, [3]),
    ],
)
def test_those_whose_metric_has_the_value(values: dict[int, Any], count: int | str, numbers: list[int]) -> None:
    """`count` counts of those that fit; who does not answer does not fit."""
    lab = MadeLab()
    answering(lab, values)
    assert picked(lab, count=count) == numbers


def test_those_whose_answer_is_good() -> None:
    """A probe picks by good answers, whatever they say besides."""
    lab = MadeLab()
    answering(lab, {1: None, 2: 5.0, 3: None}, "role")
    assert picked(lab, GOOD) == [2]


def test_what_was_said_before_does_not_count() -> None:
    """The fault is due now: an earlier leader is none."""
    lab = MadeLab()
    said(lab, {1: 1.0, 2: 0.0, 3: 0.0})
    answering(lab, {1: 0.0, 2: 1.0, 3: 0.0})
    assert picked(lab) == [2]


@pytest.mark.parametrize(
    ("values", "count", "message"),
    [
        ({1: 0.0, 2: 0.0, 3: 0.0}, 1, r"1 where leads is 1 is asked, 0 of 3 replicas are \(3 answered\)"),
        ({1: 1.0, 2: 0.0, 3: 0.0}, 2, r"2 where leads is 1 are asked, 1 of 3 replicas are"),
        ({}, "all", r"0 of 3 replicas are \(0 answered\)"),
    ],
)
def test_too_few_are_nothing_to_prove(values: dict[int, Any], count: int | str, message: str) -> None:
    """A fault on whoever is there would not be the fault that was asked for."""
    lab = MadeLab()
    answering(lab, values)
    with pytest.raises(NotProvable, match=message):
        picked(lab, count=count)


def running(lab: MadeLab, where: Where | None = LEADS) -> Running:
    """Give a hang of a picked worker, as a scenario has it."""
    wanted = step(HangSpec(target="worker", where=where))
    return Running(wanted, make_fault(wanted, lab.as_lab(), "T-1"))


def test_such_a_fault_is_made_ready_when_it_is_due() -> None:
    """During the baseline nothing happens; then it starts its helpers and tells whom it picked."""
    lab = MadeLab(found=WORKERS)
    one = running(lab)
    one.prepare()
    assert lab.started == []
    answering(lab, {1: 0.0, 2: 1.0, 3: 0.0})
    assert one.pick() > 0
    assert [str(replica) for replica in one.fault.chosen] == ["worker[2]"]
    [event] = [event for event in lab.history.events if event.kind == "picked"]
    assert event.data == {"fault": "T-1.1", "where": "leads is 1", "replicas": ["worker[2]"]}


def test_every_other_fault_is_made_ready_during_the_baseline() -> None:
    """It takes no time when it is due."""
    lab = MadeLab(found=WORKERS)
    one = running(lab, None)
    one.prepare()
    helpers = len(lab.started)
    assert helpers > 0
    assert one.pick() == 0
    assert len(lab.started) == helpers


def test_a_leader_that_changes_meanwhile_is_picked_anew() -> None:
    """What was made ready for the wrong one is let go."""
    lab = MadeLab(found=WORKERS)
    one = running(lab)
    leaders = [{1: 1.0, 2: 0.0, 3: 0.0}, {1: 0.0, 2: 1.0, 3: 0.0}]
    start = lab.start_helper

    def slow_start(program: str, **options: Any) -> Any:
        said(lab, leaders[-1])
        return start(program, **options)

    lab.start_helper = slow_start  # type: ignore[method-assign]
    wait_for = lab.history.wait

    def told(condition: Callable[[], Any], *rest: Any, **options: Any) -> Any:
        said(lab, leaders[1 if lab.started else 0])
        return wait_for(condition, *rest, **options)

    lab.history.wait = told  # type: ignore[method-assign]
    one.pick()
    assert [str(replica) for replica in one.fault.chosen] == ["worker[2]"]
    assert lab.started[0][2].ended
    assert not lab.started[-1][2].ended


def test_one_that_never_settles_is_given_up() -> None:
    """It cannot be said who would be hit."""
    lab = MadeLab(found=WORKERS)
    one = running(lab)
    start = lab.start_helper

    def slow_start(program: str, **options: Any) -> Any:
        said(lab, {1: 0.0, 2: 0.0, 3: 0.0})
        return start(program, **options)

    lab.start_helper = slow_start  # type: ignore[method-assign]
    answering(lab, {1: 1.0, 2: 0.0, 3: 0.0})
    with pytest.raises(NotProvable, match=f"where leads is 1: who that is changed {PICK_ATTEMPTS} times"):
        one.pick()
    assert all(helper.ended for _, _, helper in lab.started)
