"""The undo verbs of the network faults: idempotent, and content with what is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from chaoslab.clock import SystemClock
from chaoslab.errors import ToolError
from chaoslab.model.history import Undo
from chaoslab.model.replica import Replica
from chaoslab.store import History, StopFlag
from chaoslab.tools.engine import Helper
from chaoslab.tools.networks import Attachment
from chaoslab.undo import Reach, carry_out
from unit.faults.made import Helper as LiveHelper
from unit.faults.made import replica

CONNECT = Undo("c", "connect_network", "worker", 1, {"network": "lab", "aliases": ["w"], "address": "10.0.0.1"})
QDISC = Undo("q", "remove_qdisc", "worker", 1, {"mark": "chaoslab-run-T-1.1"})
CLOSE = Undo("x", "close_connections", "worker", 0, {"container": "lab-chaoslab-connections"})


@dataclass
class Engine:
    """Gives one container and records what is done to it."""

    found: tuple[Replica, ...] = (replica(addresses={}),)
    refuses_addresses: bool = False
    gives: str = "10.0.0.1"
    connected: list[Attachment] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    started: list[Helper] = field(default_factory=list)

    def replicas(self, _project: str, _service: str) -> tuple[Replica, ...]:
        """List it."""
        return self.found

    def connect(self, _container: str, place: Attachment) -> None:
        """Record or refuse."""
        if self.refuses_addresses and place.address:
            raise ToolError("user specified IP address is supported only with user configured subnets")
        self.connected.append(place)

    def inspect(self, _container: str) -> Replica:
        """Tell where it is now."""
        return replica(addresses={"lab": self.gives} if self.connected else {})

    def remove(self, container: str) -> None:
        """Record it."""
        self.removed.append(container)

    def start_helper(self, helper: Helper) -> LiveHelper:
        """Give one that removes a qdisc."""
        self.started.append(helper)
        return LiveHelper(lambda _request: {"removed": 1})


def reach(engine: Engine, renewed: dict[str, Mapping[int, str]] | None = None) -> Reach:
    """Give the interpreter an engine."""
    history = History(None, SystemClock(), StopFlag())
    made = Reach("lab", "image", cast("Any", engine), cast("Any", None), history)
    if renewed is not None:
        made.renew = renewed.__setitem__
    return made


def test_a_container_is_connected_under_its_names_and_address() -> None:
    """The observer is told where it is."""
    engine, renewed = Engine(), dict[str, Mapping[int, str]]()
    result = carry_out(CONNECT, reach(engine, renewed))
    assert (result.clean, result.note) == (True, "connected")
    assert engine.connected == [Attachment("lab", ("w",), "10.0.0.1")]
    assert renewed == {"worker": {1: "10.0.0.1"}}


def test_where_no_address_can_be_asked_for_the_new_one_is_told() -> None:
    """Networks without a declared subnet refuse to be asked."""
    result = carry_out(CONNECT, reach(Engine(refuses_addresses=True, gives="10.0.0.9")))
    assert (result.clean, result.note) == (True, "connected as 10.0.0.9 (was 10.0.0.1)")


def test_what_is_connected_or_gone_is_left_alone() -> None:
    """A replaced container is connected already; a gone one is compose's affair."""
    engine = Engine(found=(replica(),))
    assert carry_out(CONNECT, reach(engine)).note == "was connected"
    assert carry_out(CONNECT, reach(Engine(found=()))).clean
    assert engine.connected == []


def test_a_qdisc_goes_by_the_live_helper_or_a_fresh_one() -> None:
    """A new namespace holds none."""
    engine = Engine()
    live = LiveHelper(lambda _request: {"removed": 2})
    with_live = reach(engine)
    with_live.helpers["q"] = cast("Any", live)
    assert carry_out(QDISC, with_live).note == "2 qdisc(s) removed"
    assert engine.started == []
    assert carry_out(QDISC, reach(engine)).note == "1 qdisc(s) removed"
    [fresh] = engine.started
    assert (fresh.program, fresh.network) == ("traffic_control", f"container:{replica().id}")
    assert "namespace is gone" in carry_out(QDISC, reach(Engine(found=(replica(state="exited"),)))).note


def test_connections_are_closed_by_their_helper_or_go_with_it() -> None:
    """Without the live helper its container is removed."""
    engine = Engine()
    with_live = reach(engine)
    with_live.helpers["x"] = cast("Any", LiveHelper(lambda _request: {"closed": 300}))
    assert carry_out(CLOSE, with_live).note == "300 connections closed"
    assert carry_out(CLOSE, reach(engine)).clean
    assert engine.removed == ["lab-chaoslab-connections"]
