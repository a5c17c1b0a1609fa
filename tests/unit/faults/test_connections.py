"""connections: their proof, and their life on a made-up lab."""

from typing import Any

import pytest

from chaoslab.errors import CannotInject, NotProvable
from chaoslab.faults.connections import Connections, ConnectionsSpec, held_open
from unit.faults.made import MadeLab, replica, step

WORKER = replica()

HELD = {"ended": 3, "refused": {"ECONNREFUSED": 2}, "open": 90, "ports": [1, 2]}


@pytest.mark.parametrize(("most", "proven"), [({"a": 100, "b": 120}, True), ({"a": 100, "b": 99}, False), ({}, False)])
def test_connections_are_proven_by_the_target_s_own_count(most: dict[str, int], proven: bool) -> None:
    """Each target had as many at once; what was ended and refused is told."""
    finding = held_open(100, most, most, HELD)
    assert finding.proven is proven
    assert "3 ended by the other side" in finding.detail
    assert "2 ECONNREFUSED" in finding.detail


def test_connections_live_and_end() -> None:
    """The port is the health probe's; the larger of two counts is the effect; the undo names the helper's container."""
    counts = iter([100, 80, 0])

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "established":
            assert (request["port"], request["peer"], request["ports"]) == (90, "10.0.0.50", [1, 2])
            return {"established": next(counts)}
        return {"at_ns": 100, "error_ns": 20, "source": "10.0.0.50", **HELD}

    lab = MadeLab(answer)
    fault = Connections(step(ConnectionsSpec(target="worker", number=100)), lab.as_lab(), "T-1")
    fault.prepare()
    assert [options["network"] for _, options, _ in lab.started] == ["lab", f"container:{WORKER.id}"]
    [undo] = fault.undos()
    assert (undo.verb, undo.wanted) == ("close_connections", {"container": lab.started[0][1]["name"]})
    assert fault.inject().at_ns == 90
    proof = fault.prove()
    assert (proof.proven, proof.measured) == (True, 100)
    assert "worker[1] 80 at the end" in proof.detail
    assert fault.prove_clean().proven
    fault.close()
    assert lab.helpers == {}


def test_a_port_that_no_probe_tells_must_be_given() -> None:
    """The remedy says so."""
    with pytest.raises(NotProvable, match="no health probe tells"):
        Connections(step(ConnectionsSpec(target="api")), MadeLab().as_lab(), "T-1").prepare()


def test_a_helper_that_may_not_hold_as_many_is_a_reason_to_skip() -> None:
    """Its own words tell the limit."""
    lab = MadeLab(greeting={"error": "20000 connections need 20032 file descriptors"})
    with pytest.raises(CannotInject, match="need 20032 file descriptors"):
        Connections(step(ConnectionsSpec(target="worker", number=20_000)), lab.as_lab(), "T-1").prepare()
