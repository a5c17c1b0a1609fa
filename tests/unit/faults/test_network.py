"""dns_failure, disconnect, connections, netem: their proofs, proven and not proven, and their lives on a made-up lab."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from chaoslab.errors import CannotInject, NotProvable
from chaoslab.faults import netem
from chaoslab.faults.connections import Connections, ConnectionsSpec, held_open
from chaoslab.faults.delay import Delay, DelaySpec, delayed
from chaoslab.faults.disconnect import Disconnect, DisconnectSpec, back, out
from chaoslab.faults.dns_failure import DnsFailure, DnsFailureSpec, rules, unresolved
from chaoslab.faults.netem import Echoes, enough, read_echoes, share
from chaoslab.faults.packet_rules import replaced
from chaoslab.faults.partition import Partition, PartitionSpec
from chaoslab.faults.reorder import overtook
from chaoslab.model.replica import Replica
from chaoslab.tools.networks import Attachment
from unit.faults.made import MS, SECOND, MadeLab, replica, step

WORKER = replica()
PLACE = Attachment("lab", ("worker", "worker-1"), "10.0.0.1")


# --- dns_failure


@pytest.mark.parametrize(
    ("dropped", "outcomes", "control", "proven"),
    [
        ({"a": 2}, {"a": ["timeout"]}, False, True),
        ({"a": 2, "b": 0}, {"a": ["timeout"], "b": ["timeout"]}, False, False),
        ({"a": 2}, {"a": ["ok"]}, False, False),
        ({"a": 2}, {"a": ["refused"]}, False, False),
        ({}, {}, False, False),
        ({"a": 2}, {"a": ["timeout", "ok"]}, True, True),
        ({"a": 2}, {"a": ["timeout", "timeout"]}, True, False),
    ],
)
def test_a_dns_failure_is_proven_by_drops_and_lookups(
    dropped: dict[str, int], outcomes: dict[str, Sequence[str]], control: bool, proven: bool
) -> None:
    """Every target dropped and failed the declared way; where one name was meant, another is still found."""
    assert unresolved(dropped, outcomes, "timeout", with_control=control).proven is proven


def test_lookups_that_fail_at_once_are_refused_on_their_way_out() -> None:
    """OUTPUT shows at once, INPUT is silence; one name is matched as a question writes it."""
    assert [rule["chain"] for mode in ("refuse", "timeout") for rule in rules(mode, None)] == ["OUTPUT", "INPUT"]
    [rule] = rules("timeout", "db.lab")
    assert rule["match"][-2:] == ["--hex-string", "|026462036c616200|"]


def dns(outcome: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Answer as the packet-rule helper does; lookups come out that way."""
    known: dict[str, dict[str, Any]] = {"put": {"at_ns": 9, "error_ns": 4}, "read": {"rules": [[3, 0]]}}
    return lambda request: known.get(request["do"]) or {"outcomes": [outcome] * len(request["names"])}


def test_a_dns_failure_lives_and_ends() -> None:
    """Lookups work before, fail during; the undo removes rules by mark; the proof tells the service's own."""
    lab = MadeLab(dns("ok"))
    fault = DnsFailure(step(DnsFailureSpec(target="worker", for_seconds=3.0)), lab.as_lab(), "T-1")
    fault.prepare()
    [undo] = fault.undos()
    assert (undo.verb, undo.wanted) == ("remove_rules", {"mark": "chaoslab-run-T-1.1"})
    assert undo.id in lab.helpers
    assert fault.inject().at_ns == 7
    assert not fault.prove().proven
    lab.started[0][2].answers = dns("timeout")
    proof = fault.prove()
    assert proof.proven
    assert "3 of the service's own" in proof.detail
    assert not fault.prove_clean().proven
    lab.found = tuple(replace(one, started_at="t1") for one in lab.found)
    assert "worker[1] was restarted meanwhile" in fault.prove().detail
    fault.close()
    assert lab.helpers == {}


def test_a_name_that_cannot_be_looked_up_before_cannot_be_taken_away() -> None:
    """What fails already shows nothing."""
    lab = MadeLab(dns("nxdomain"))
    fault = DnsFailure(step(DnsFailureSpec(target="worker", name="nobody")), lab.as_lab(), "T-1")
    with pytest.raises(NotProvable, match="nobody cannot be looked up"):
        fault.prepare()


# --- partition


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


# --- disconnect


@pytest.mark.parametrize(
    ("left", "samples", "proven"),
    [([], (9, 0), True), ([], (9, 1), False), ([], (0, 0), False), (["lab"], (9, 0), False), (["other"], None, True), (["lab"], None, False)],
)  # fmt: skip
def test_a_disconnect_is_proven_by_inspect_and_silence(
    left: list[str], samples: tuple[int, int] | None, proven: bool
) -> None:
    """Out of the network, and no sample was answered; without a probe that can tell, inspect decides."""
    assert out({"worker[1]": ["lab"]}, {"worker[1]": left}, samples).proven is proven


def test_a_reconnected_container_may_have_another_address() -> None:
    """That is told; a network that is missing is not clean."""
    places = {"worker[1]": [PLACE]}
    assert back(places, [WORKER]).detail == "same addresses"
    moved = back(places, [replica(addresses={"lab": "10.0.0.9"})])
    assert moved.proven
    assert "came back as 10.0.0.9" in moved.detail
    assert not back(places, [replica(addresses={})]).proven


@dataclass
class Networks:
    """Records what was disconnected."""

    disconnected: list[tuple[str, str]] = field(default_factory=list)

    def attachments(self, _container: str) -> tuple[Attachment, ...]:
        """Give one."""
        return (PLACE,)

    def disconnect(self, container: str, network: str) -> None:
        """Record it."""
        self.disconnected.append((container, network))


def test_a_disconnect_remembers_names_and_address() -> None:
    """They are in the undo before anything happens; a network that the target is not in cannot be taken away."""
    lab = MadeLab(engine=Networks())
    fault = Disconnect(step(DisconnectSpec(target="worker", network="lab")), lab.as_lab(), "T-1")
    fault.prepare()
    [undo] = fault.undos()
    assert undo.wanted == {"network": "lab", "aliases": ["worker", "worker-1"], "address": "10.0.0.1"}
    fault.inject()
    assert lab.engine.disconnected == [(WORKER.id, "lab")]
    assert not fault.prove().proven
    assert fault.prove_clean().proven
    with pytest.raises(NotProvable, match="not on moon"):
        Disconnect(step(DisconnectSpec(target="worker", network="moon")), lab.as_lab(), "T-1").prepare()


# --- connections


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


# --- netem


def echoes(sent: int = 400, answered: int = 400, trip_ms: float = 0.2, **more: int) -> Echoes:
    """Make a window of echo requests."""
    return Echoes(sent, answered, more.get("duplicated", 0), more.get("overtaken", 0), (trip_ms,) * answered)


def test_rows_become_counts_of_lost_doubled_and_overtaken() -> None:
    """A row is when it was sent and how long each of its answers took."""
    found = read_echoes([[0, 50 * MS], [5 * MS, MS], [10 * MS], [15 * MS, MS, 2 * MS]])
    assert (found.sent, found.answered, found.duplicated, found.overtaken) == (4, 3, 1, 2)
    assert found.median_ms == 1.0
    assert read_echoes([]).median_ms == 0.0


@pytest.mark.parametrize(
    ("delay", "jitter", "during", "proven"),
    [
        (100, 0, echoes(trip_ms=100.4), True),
        (100, 0, echoes(trip_ms=0.2), False),
        (100, 0, echoes(trip_ms=160.0), False),
        (100, 50, echoes(trip_ms=120.0), True),
        (2, 0, echoes(trip_ms=0.2), False),
        (100, 0, echoes(answered=0), False),
    ],
)
def test_a_delay_is_proven_by_the_median_round_trip(delay: float, jitter: float, during: Echoes, proven: bool) -> None:
    """It grew by what was declared."""
    assert delayed(delay, jitter, echoes(), during).proven is proven


@pytest.mark.parametrize(
    ("hits", "sent", "percent", "least", "proven"),
    [
        (80, 400, 20, 1.0, True),
        (0, 400, 20, 1.0, False),
        (200, 400, 20, 1.0, False),
        (400, 400, 100, 1.0, True),
        (75, 400, 20, 0.85, True),
        (200, 4000, 10, 0.85, False),
        (0, 0, 20, 1.0, False),
    ],
)
def test_a_share_of_packets_is_proven_within_what_chance_allows(
    hits: int, sent: int, percent: float, least: float, proven: bool
) -> None:
    """For loss, duplication, corruption and reordering alike."""
    assert share(hits, sent, percent, "lost", least).proven is proven


def test_a_reordering_needs_answers_that_overtook() -> None:
    """The share that went ahead fits, and the order did change."""
    trips = tuple(0.2 if number % 4 == 0 else 50.2 for number in range(400))
    during = Echoes(400, 400, 0, 99, trips)
    assert overtook(25, 50, echoes(), during).proven
    assert not overtook(25, 50, echoes(), replace(during, overtaken=0)).proven
    assert not overtook(25, 50, echoes(), echoes(trip_ms=0.2, overtaken=1)).proven


@pytest.mark.parametrize(
    ("before", "during", "words"),
    [
        (echoes(), echoes(sent=10, answered=10), "only 400 round trips before and 10 during"),
        (echoes(answered=300), echoes(), "lost before the fault already"),
    ],
)
def test_a_way_that_was_not_clear_before_proves_nothing(before: Echoes, during: Echoes, words: str) -> None:
    """Nor do too few round trips."""
    good = delayed(0.1, 0, echoes(trip_ms=0.1), echoes())
    assert good.proven
    assert enough(good, echoes(), echoes()).proven
    refused = enough(good, before, during)
    assert not refused.proven
    assert words in refused.detail


def test_netem_is_skipped_with_the_doctor_s_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the abilities helper was told by tc is the reason."""
    monkeypatch.setattr(netem, "abilities", lambda *_: {"abilities": {"netem": "qdisc kind is unknown"}})
    lab = MadeLab(engine=object())
    lab.image = "toolbox"  # type: ignore[attr-defined]
    with pytest.raises(CannotInject, match="has no netem: qdisc kind is unknown"):
        Delay(step(DelaySpec(target="worker", delay_ms=100.0)), lab.as_lab(), "T-1").prepare()
    assert lab.started == []


def test_a_netem_fault_lives_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The qdisc goes on with netem's words; the undo takes it off; a restart is told."""
    monkeypatch.setattr(netem, "abilities", lambda *_: {"abilities": {"netem": ""}})
    qdiscs = [1, 0, 1]

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "echoes":
            late = request["since_ns"] >= 90 * SECOND
            return {"echoes": [[number, (100 if late else 1) * MS] for number in range(100)]}
        if request["do"] == "read":
            return {"qdiscs": qdiscs.pop(0), "packets": 7, "drops": 0}
        return {"at_ns": 90 * SECOND, "error_ns": 20}

    lab = MadeLab(answer, engine=object())
    lab.image = "toolbox"  # type: ignore[attr-defined]
    fault = Delay(step(DelaySpec(target="worker", delay_ms=100.0, jitter_ms=10.0)), lab.as_lab(), "T-1")
    fault.prepare()
    assert lab.started[0][1]["arguments"] == ("123", "10.0.0.1", "200")
    [undo] = fault.undos()
    assert undo.verb == "remove_qdisc"
    assert undo.id in lab.helpers
    fault.inject()
    assert lab.started[0][2].asked[0]["netem"] == ["limit", "10000", "delay", "100ms", "10ms"]
    proof = fault.prove()
    assert (proof.proven, proof.measured, proof.unit) == (True, 99.0, "ms added"), proof.detail
    assert fault.prove_clean().proven
    lab.found = tuple(replace(one, started_at="t1") for one in lab.found)
    assert "the qdisc went with its network namespace" in fault.prove().detail
    fault.close()
    assert lab.helpers == {}
