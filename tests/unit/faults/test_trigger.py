"""Catching a target in the act: only what is open on a frozen process counts."""

from dataclasses import dataclass
from typing import Any

import pytest

from chaoslab.errors import NotProvable
from chaoslab.faults.crash import Crash, CrashSpec
from chaoslab.faults.trigger import finder, random_delay_seconds
from unit.faults.made import MadeLab, replica, step


@dataclass
class Reply:
    """An HTTP answer."""

    body: str
    status: int = 200


def caught_in(answers: list[str]) -> tuple[MadeLab, Crash]:
    """Prepare a triggered crash on a lab whose endpoint gives these answers, the last one for ever."""
    left = list(answers)

    def helper(request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "send":
            return {
                "at_ns": lab.history.now_ns(),
                "error_ns": 10,
                "sent": dict.fromkeys(request["containers"], 1),
                "failed": {},
            }
        return {"exits": {replica().id: lab.history.now_ns()}, "ok": True}

    lab = MadeLab(helper)
    lab.observer.replies = lambda _url: Reply(left.pop(0) if len(left) > 1 else left[0])
    fault = Crash(step(CrashSpec(target="worker", timing="during_inference")), lab.as_lab(), "T-1")
    fault.prepare()
    return lab, fault


def signals(lab: MadeLab) -> list[str]:
    """List what was sent."""
    return [request["signal"] for request in lab.started[0][2].asked if request["do"] == "send"]


def test_what_is_still_open_when_frozen_is_killed_and_named() -> None:
    """Freeze, ask again, kill; the proof names the task."""
    lab, fault = caught_in(['{"open": []}', '{"open": ["task-7"]}'])
    effect = fault.inject()
    assert signals(lab) == ["SIGSTOP", "SIGKILL"]
    assert effect.waited_seconds > 0
    assert effect.at_ns < lab.history.now_ns() - 20_000_000, "the effect is the freeze, not the later end"
    assert effect.error_ns < 1_000_000
    assert "open at the kill: task-7 on worker[1]" in fault.prove().detail


def test_what_closed_before_the_freeze_is_let_go_and_tried_again() -> None:
    """A task that ended in time proves nothing: the process goes on and the next one is caught."""
    lab, fault = caught_in(['{"open": ["task-1"]}', '{"open": []}', '{"open": ["task-2"]}'])
    fault.inject()
    assert signals(lab) == ["SIGSTOP", "SIGCONT", "SIGSTOP", "SIGKILL"]
    assert "task-2" in fault.prove().detail


def test_a_trigger_that_never_opens_makes_the_fault_unprovable() -> None:
    """Nothing is killed at the deadline."""
    lab, fault = caught_in(['{"open": []}'])
    with pytest.raises(NotProvable, match="never open"):
        fault.inject()
    assert "SIGKILL" not in signals(lab)


def test_a_missing_trigger_is_told() -> None:
    """The lab has to declare which endpoint tells."""
    lab = MadeLab(lambda _request: {"ok": True})
    with pytest.raises(NotProvable, match="no trigger during_registration"):
        Crash(step(CrashSpec(target="worker", timing="during_registration")), lab.as_lab(), "T-1").prepare()


def test_a_target_that_is_asked_itself_cannot_be_caught() -> None:
    """Frozen, it could not answer."""
    lab = MadeLab(lambda _request: {"ok": True})
    with pytest.raises(NotProvable, match="asks api itself"):
        Crash(step(CrashSpec(target="api", timing="during_inference")), lab.as_lab(), "T-1").prepare()


@pytest.mark.parametrize(
    ("path", "body", "found"),
    [
        ("$.open[*]", '{"open": ["a", "b"]}', "a"),
        ("$.open[*]", '{"open": []}', ""),
        ("$.step", '{"step": null}', ""),
        ("$.step", '{"step": 0}', "0"),
        ("$.step", "{}", ""),
        ("$.step", "not json", ""),
        ("$.step", '{"step": {"id": 1}}', '{"id": 1}'),
    ],
)
def test_a_path_finds_what_is_there(path: str, body: str, found: str) -> None:
    """Null, false and empty values are nothing open."""
    assert finder(path)(body) == found


def test_the_random_moment_is_the_seed_s() -> None:
    """The same seed gives the same moment, within three seconds."""
    one = random_delay_seconds(1, "T-1", "T-1.1")
    assert one == random_delay_seconds(1, "T-1", "T-1.1")
    assert one != random_delay_seconds(2, "T-1", "T-1.1")
    assert 0 <= one <= 3
