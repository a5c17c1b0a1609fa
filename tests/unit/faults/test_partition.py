"""partition: its life on a made-up lab, and what became of a target meanwhile; its cuts are in test_cuts.py."""

from collections.abc import Callable
from typing import Any

import pytest

from chaoslab.faults.packet_rules import replaced
from chaoslab.faults.partition import Partition, PartitionSpec
from chaoslab.model.replica import Replica
from unit.faults.made import MadeLab, replica, step

WORKER = replica()


def rules_helper(dropped: int, outcome: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Answer as the packet-rule helper does."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        known: dict[str, dict[str, Any]] = {"put": {"at_ns": 9, "error_ns": 4}, "read": {"rules": [[dropped, 0], None]}}
        return known.get(request["do"]) or {"outcomes": [outcome] * len(request["places"])}

    return answer


def test_a_partition_lives_and_ends() -> None:
    """What could be reached before is tried during; a peer under a new address is not cut off, and the proof says so."""
    lab = MadeLab(rules_helper(5, "ok"))
    fault = Partition(step(PartitionSpec(target="worker", for_seconds=3.0)), lab.as_lab(), "T-1")
    fault.prepare()
    assert [undo.service for undo in fault.undos()] == ["worker"]
    fault.inject()
    assert "still came about" in fault.prove().detail
    lab.started[0][2].answers = rules_helper(5, "timeout")
    assert fault.prove().proven
    assert not fault.prove_clean().proven
    lab.found = (WORKER, replica("api", addresses={"lab": "10.0.0.77"}), replica("toxiproxy"))
    assert "api[1] came back under another address and is not cut off" in fault.prove().detail
    fault.close()
    assert lab.helpers == {}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ((), "worker[1] is gone"),
        ((replica(id="other"),), "worker[1] was replaced meanwhile"),
        ((replica(started_at="t1"),), "worker[1] was restarted meanwhile"),
        ((replica(state="exited"),), "worker[1] is exited"),
    ],
)
def test_a_target_that_is_no_longer_what_it_was_is_named(now: tuple[Replica, ...], words: str) -> None:
    """Died, restarted, replaced or gone: each in a word."""
    assert replaced(MadeLab(found=now).as_lab(), [WORKER]) == [words]
    assert replaced(MadeLab().as_lab(), [WORKER]) == []
