"""Faults driven as the spine drives them, on a made-up lab whose doors record."""

from typing import Any

import pytest

from chaoslab.errors import CannotInject, NotProvable
from chaoslab.faults.canary import control_link
from chaoslab.faults.catalog import FAULTS, make_fault, spec_types, type_of
from chaoslab.faults.crash import Crash, CrashSpec
from chaoslab.faults.crossing import normal
from chaoslab.faults.hang import Hang, HangSpec
from chaoslab.faults.packet_loss import PacketLoss, PacketLossSpec
from chaoslab.faults.toxic import Toxic, ToxicSpec, long_enough, timeout_seconds
from chaoslab.faults.toxic_effect import Declared
from chaoslab.model.history import Sample
from chaoslab.model.suite import FaultSpec
from chaoslab.observe.rows import CanaryRequest
from unit.faults.made import LINKS, MS, MadeLab, crossing, replica, step

WORKER = replica()
SLOW = ToxicSpec(toxic="latency", attributes={"latency": 500}, link="back", for_seconds=3.0)


def counting(*packets: int) -> Any:
    """Answer `read` with one count after the other."""
    left = list(packets)
    return lambda request: {"rules": [[left.pop(0), 0]]} if request["do"] == "read" else {"at_ns": 5, "error_ns": 2}


def slow_toxic(lab: MadeLab) -> Toxic:
    """Prepare a latency toxic after some ordinary canaries were seen."""
    fault = Toxic(step(SLOW), lab.as_lab(), "T-1")
    later = lab.history.wait

    def canaries_come(condition: Any, *rest: Any, **options: Any) -> Any:
        lab.canaries("back", *[crossing()] * 10)
        lab.canaries("front", *[crossing()] * 10)
        return later(condition, *rest, **options)

    lab.history.wait = canaries_come  # type: ignore[method-assign]
    fault.prepare()
    lab.history.wait = later  # type: ignore[method-assign]
    return fault


def test_a_toxic_is_added_proven_and_shown_to_be_gone() -> None:
    """Canaries, traffic and read-back carry a toxic through its life; its undo names link and toxic."""
    lab = MadeLab(counting(4, 29))
    fault = slow_toxic(lab)
    [undo] = fault.undos()
    assert (undo.verb, undo.wanted) == ("remove_toxic", {"link": "back", "toxic": "chaoslab-T-1.1"})
    effect = fault.inject()
    assert effect.injected == "latency of 500 ms on back (downstream)"
    assert [toxic.attributes for toxic in lab.toxiproxy.state["back"].toxics] == [{"latency": 500, "jitter": 0}]
    lab.canaries("back", *[crossing(first_ms=502.0, answer_ms=502.0)] * 10)
    lab.canaries("front", *[crossing()] * 10)
    proof = fault.prove()
    assert proof.proven, proof.detail
    assert proof.measured == 500.0
    assert "25 payload packets of api" in proof.detail
    assert not fault.prove_clean().proven
    lab.toxiproxy = MadeLab().toxiproxy
    assert fault.prove_clean().proven
    fault.close()
    assert lab.observer.canaries_sent == ()
    assert all(helper.ended for _, _, helper in lab.started)


def test_a_toxic_that_only_canaries_met_is_not_proven() -> None:
    """Without a packet of the link's own client the proof is refused."""
    lab = MadeLab(counting(4, 4))
    fault = slow_toxic(lab)
    fault.inject()
    lab.canaries("back", *[crossing(first_ms=502.0, answer_ms=502.0)] * 10)
    proof = fault.prove()
    assert not proof.proven
    assert "no client traffic crossed back" in proof.detail


def test_a_link_under_a_toxic_already_cannot_be_judged() -> None:
    """What was broken before is no effect of the fault."""
    lab = MadeLab(counting(0))
    slow_toxic(lab).inject()
    with pytest.raises(NotProvable, match="already under latency"):
        slow_toxic(lab)


def test_clients_outside_the_lab_are_seen_by_the_work_probes_of_the_link() -> None:
    """No helper counts for them; the samples across the link do."""
    lab = MadeLab()
    spec = SLOW.model_copy(update={"link": "front"})
    fault = Toxic(step(spec), lab.as_lab(), "T-1")
    lab.history.wait = lambda *_rest, **_options: normal([crossing()])  # type: ignore[method-assign]
    fault.prepare()
    fault.inject()
    now = lab.history.now_ns()
    lab.history.samples_in([Sample("work", 0, now, now, now + MS, good=True, outcome="200")])
    assert fault.traffic.since_effect(fault.effect_ns) == 1
    assert lab.started == []


def test_packets_of_outside_clients_cannot_be_dropped() -> None:
    """They cannot be told from the observer's and others'."""
    spec = PacketLossSpec(link="front", percent=30.0, for_seconds=3.0)
    with pytest.raises(CannotInject, match="outside the lab"):
        PacketLoss(step(spec), MadeLab().as_lab(), "T-1").prepare()


def test_a_host_that_refuses_the_helper_is_a_reason_to_skip() -> None:
    """The helper's own words become the reason."""
    lab = MadeLab(greeting={"error": "iptables: no such module"})
    spec = PacketLossSpec(link="back", percent=30.0, for_seconds=3.0)
    with pytest.raises(CannotInject, match="no such module"):
        PacketLoss(step(spec), lab.as_lab(), "T-1").prepare()


def test_rules_carry_the_run_s_mark_and_a_time_limit() -> None:
    """The helper gets mark and limit; the interpreter finds it by the undo's id while it lives."""
    lab = MadeLab(lambda _request: {"at_ns": 7, "error_ns": 2, "rules": [None] * 5})
    fault = PacketLoss(step(PacketLossSpec(link="back", percent=30.0, for_seconds=3.0)), lab.as_lab(), "T-1")
    fault.prepare()
    [undo] = fault.undos()
    assert undo.wanted == {"mark": "chaoslab-run-T-1.1"}
    assert lab.started[0][1]["arguments"] == ("chaoslab-run-T-1.1", "123")
    assert lab.helpers == {undo.id: lab.started[0][2]}
    fault.close()
    assert lab.helpers == {}


@pytest.mark.parametrize("state", [{"state": "exited", "pid": 0}, {"state": "paused"}, {"health": "unhealthy"}])
def test_a_target_that_is_down_before_the_fault_cannot_be_judged(state: dict[str, Any]) -> None:
    """Exited, paused and unhealthy targets make the fault unprovable, by name."""
    lab = MadeLab(found=(replica(**state),))
    with pytest.raises(NotProvable, match=r"worker\[1\] is (exited|paused|unhealthy) before the fault"):
        Crash(step(CrashSpec(target="worker")), lab.as_lab(), "T-1").prepare()


def test_a_target_that_only_starts_in_the_engine_s_eyes_is_fit() -> None:
    """The engine's health check lags; the probes and the baseline gate tell whether it serves."""
    lab = MadeLab(lambda _request: {"ok": True}, found=(replica(health="starting"),))
    Crash(step(CrashSpec(target="worker")), lab.as_lab(), "T-1").prepare()


def signaller(exit_after_ms: int | None) -> Any:
    """Answer as the signaller does; the process ends that long after the signal."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "send":
            return {"at_ns": 1000, "error_ns": 10, "sent": dict.fromkeys(request["containers"], 1), "failed": {}}
        if request["do"] == "wait":
            return {"exits": {} if exit_after_ms is None else {WORKER.id: 1000 + exit_after_ms * MS}}
        return {"states": {"T": 1}} if request["do"] == "states" else {"ok": True}

    return answer


def test_a_crash_takes_effect_when_the_process_ends() -> None:
    """Effect and proof come from the pidfd; the exit code from the engine's event."""
    lab = MadeLab(signaller(6))
    fault = Crash(step(CrashSpec(target="worker")), lab.as_lab(), "T-1")
    fault.prepare()
    lab.history.event("engine", action="die", service="worker", replica=1, exit_code=137)
    assert [undo.verb for undo in fault.undos()] == ["ensure_running"]
    effect = fault.inject()
    assert effect.at_ns == 1000 + 6 * MS
    proof = fault.prove()
    assert proof.proven
    assert (proof.measured, proof.unit) == (6.0, "ms to its end")
    assert "exit code 137" in proof.detail


def test_what_outlives_its_signal_is_killed() -> None:
    """After its time-out the same process gets SIGKILL, and the result says so."""
    lab = MadeLab(signaller(None))
    fault = Crash(step(CrashSpec(target="worker", signal="SIGTERM", timeout_seconds=0.5)), lab.as_lab(), "T-1")
    fault.prepare()
    fault.inject()
    sent = [request["signal"] for request in lab.started[0][2].asked if request["do"] == "send"]
    assert sent == ["SIGTERM", "SIGKILL"]
    proof = fault.prove()
    assert not proof.proven
    assert "still lived 0.5 s after SIGTERM" in proof.detail


def test_a_hang_that_another_fault_ended_is_judged_until_then() -> None:
    """Silence counts up to the end of the process, and the end is told."""
    lab = MadeLab(signaller(3000))
    fault = Hang(step(HangSpec(target="worker", for_seconds=3.0)), lab.as_lab(), "T-1")
    fault.prepare()
    fault.inject()
    lab.history.samples_in([Sample("health", 1, 100 * MS, 100 * MS, 1100 * MS, good=False, outcome="timeout")])
    proof = fault.prove()
    assert proof.proven
    assert "worker[1] was ended while stopped" in proof.detail


def test_the_control_link_is_one_to_the_same_server_if_there_is_one() -> None:
    """Then the server's own load is in the comparison."""
    twin = LINKS["back"].model_copy(update={"name": "zz-twin"})
    assert control_link((*LINKS.values(), twin), LINKS["back"]) == twin
    assert control_link(tuple(LINKS.values()), LINKS["back"]) == LINKS["front"]
    assert control_link((LINKS["back"],), LINKS["back"]) is None


def test_canaries_are_made_long_enough_and_rarer() -> None:
    """A bandwidth that a short canary cannot show gets more answers or padding, at a lower rate."""
    usual, request = normal([crossing()]), CanaryRequest(link="back", rate_hz=20.0)
    fast = Declared("bandwidth", "downstream", 1.0, {"rate": 500})
    longer = long_enough(fast, usual, request, pad_returns=False)
    assert (longer.answers, longer.pad_bytes, longer.rate_hz) == (38, 0, 4.0)
    up = long_enough(Declared("bandwidth", "upstream", 1.0, {"rate": 500}), usual, request, pad_returns=False)
    assert (up.answers, up.pad_bytes) == (4, 2000)
    slow = Declared("latency", "downstream", 1.0, {"latency": 5, "jitter": 0})
    assert long_enough(slow, usual, request, pad_returns=False) == request
    assert timeout_seconds(slow) == pytest.approx(1.005)


@pytest.mark.parametrize("kind", spec_types())
def test_every_fault_says_what_it_does_and_how_it_is_undone(kind: str) -> None:
    """A type's name is its key, and its words are never empty."""
    spec = example(kind)
    assert spec.type == kind
    assert spec.describe()
    assert spec.undoes()
    assert spec.longest_wait_seconds() > 0
    assert isinstance(
        make_fault(step(spec), MadeLab().as_lab(), "T-1"), FAULTS[[type_of(one) for one in FAULTS].index(kind)]
    )


def example(kind: str) -> FaultSpec:
    """Give the shortest spec of a type."""
    fields = spec_types()[kind].model_fields
    extra: dict[str, dict[str, Any]] = {
        "toxic": {"toxic": "latency", "attributes": {"latency": 1}},
        "packet_loss": {"percent": 30.0},
        "delay": {"delay_ms": 100.0},
        **{name: {"percent": 30.0} for name in ("loss", "duplicate", "corrupt", "reorder")},
        "signal": {"signal": "SIGHUP"},
        "memory": {"percent": 90.0},
        "cpu_throttle": {"cpus": 0.1},
        "clock_skew": {"offset_seconds": 3600.0},
        "http": {"service": "worker", "path": "/hook", "undo": {"path": "/unhook"}},
    }
    place = {"target": "worker"} if "target" in fields else {"link": "back"} if "link" in fields else {}
    return spec_types()[kind].model_validate({"type": kind, **place, **extra.get(kind, {})})
