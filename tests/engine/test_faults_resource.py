"""Resource faults on a real engine, each from inject to the proof that it is gone; what outlives its fault is found and ended."""

from collections.abc import Iterator
from typing import Any

import pytest

from chaoslab.errors import CannotInject
from chaoslab.faults import cgroup
from chaoslab.lab.reconcile import differences, reconcile
from chaoslab.model.history import Undo
from chaoslab.undo import carry_out
from engine.resource_lab import CPUS, MEMORY_BYTES, PIDS, Life, ResourceLab, life, resource_lab

pytestmark = pytest.mark.engine
FAULTS: dict[str, dict[str, Any]] = {
    "cpu": {"percent": 100},
    "memory": {"percent": 90},
    "io": {"workers": 1},
    "pids": {"left": 2},
    "cpu_throttle": {"cpus": 0.05},
    "disk": {"percent": 100},
    "fds": {"left": 0},
    "clock_skew": {"offset_seconds": -3600},
    "vram": {"percent": 100},
}
OUTLAST_A_RESTART = ("pids", "cpu_throttle")
LEAVES = {
    "cpu": "end_processes",
    "memory": "end_processes",
    "io": "end_processes",
    "pids": "set_limits",
    "cpu_throttle": "set_limits",
    "disk": "remove_files",
    "fds": "set_fd_limit",
    "clock_skew": "write_clock",
    "vram": "http_request",
}


@pytest.fixture(scope="module")
def lab() -> Iterator[ResourceLab]:
    """Give one lab to all tests here."""
    with resource_lab() as made:
        yield made


def left(lab: ResourceLab) -> list[str]:
    """List the verbs of all differences from the clean state."""
    return [difference.undo.verb for difference in differences(lab.lab, thorough=False)]


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_proven_seen_undone_and_gone(lab: ResourceLab, kind: str) -> None:
    """Its number is there during the hold, the look names the verb that mends it, and nothing is left after the undo."""
    with life(lab, kind, target="web", **FAULTS[kind]) as fault:
        proof = fault.hold()
        assert proof.proven, proof
        assert LEAVES[kind] in left(lab)
        gone = fault.end()
    assert gone.proven, gone
    assert all(result.clean for result in fault.results), fault.results
    lab.until(lambda: left(lab) == [], "a clean lab")
    assert lab.web.restart_count == 0


def test_an_http_hook_is_called_and_called_back(lab: ResourceLab) -> None:
    """The hook's own value is the proof, its own request the undo."""
    keys: dict[str, Any] = {
        "service": "web", "path": "/vram", "body": {"percent": 60}, "undo": {"path": "/vram", "body": {"percent": 0}},
        "proof": {"path": "/mode", "value": "$.mode", "equals": "full"},
    }  # fmt: skip
    with life(lab, "http", **keys) as fault:
        assert fault.hold().proven
        assert fault.end().proven
    assert left(lab) == []


@pytest.mark.parametrize("kind", ["memory", "disk", "fds", "cpu_throttle", "pids"])
def test_a_target_that_restarts_in_between_is_told_and_the_undo_completes(lab: ResourceLab, kind: str) -> None:
    """The result says so; limits of the container outlast the restart, the rest ends with the process and is not proven."""
    with life(lab, kind, hold_seconds=0.5, target="web", **FAULTS[kind]) as fault:
        lab.engine.restart(lab.web.id, 0)
        lab.refresh_address()
        lab.until(lambda: lab.web.running, "the restarted target")
        proof = fault.hold()
        assert "restarted meanwhile" in proof.detail
        assert proof.proven == (kind in OUTLAST_A_RESTART), proof
        assert fault.end().proven
        assert all(result.clean for result in fault.results), fault.results
    lab.until(lambda: left(lab) == [], "a clean lab")


def test_the_replaced_or_missing_target_needs_no_undo(lab: ResourceLab) -> None:
    """An undo of a container that is not there is clean."""
    for verb, wanted in (
        ("set_limits", {"pids_limit": 5}),
        ("set_fd_limit", {"soft": 5}),
        ("end_processes", {"mark": "x"}),
    ):
        assert carry_out(Undo("id", verb, "web", 7, wanted), lab.lab.reach).clean


def test_a_stressor_that_outlives_its_fault_is_found_and_ended(lab: ResourceLab) -> None:
    """Without its undo, the proof of clean finds it, says how many, and ends them."""
    with life(lab, "cpu", target="web") as fault:
        gone = fault.fault.prove_clean()
        assert gone.proven
        assert gone.measured is not None
        assert gone.measured >= 1
        assert "outlived the fault" in gone.detail
    assert left(lab) == []


def test_a_stressor_ends_by_itself(lab: ResourceLab) -> None:
    """Nobody ends it, and it is gone soon after its own time limit."""
    fault = Life(lab, "memory", 0.0, target="web", percent=60)
    fault.fault.prepare()
    stressors = fault.fault.stressors  # type: ignore[attr-defined]
    stressors.seconds = 2
    fault.fault.inject()
    assert stressors.running(lab.web) > 0
    lab.until(lambda: stressors.running(lab.web) == 0, "its end")
    fault.fault.close()


def test_what_a_killed_harness_left_is_mended_by_the_exact_verbs(lab: ResourceLab) -> None:
    """Without a journal: every difference is seen and put right, and the container is not recreated."""
    for kind in ("clock_skew", "vram", "disk", "memory"):
        fault = Life(lab, kind, target="web", **FAULTS[kind])
        fault.start()
        fault.fault.close()
    lab.engine.execute(lab.web.id, ["prlimit", "--pid", "1", "--nofile=600:"])
    lab.engine.update(lab.web.id, PidsLimit=PIDS - 10, NanoCpus=int(0.6 * CPUS * 1e9))
    before = lab.web.id
    mended = reconcile(lab.lab, lambda _text: None, thorough=False)
    assert mended.left == ()
    verbs = {difference.undo.verb for difference in mended.differences}
    assert verbs == {"end_processes", "set_limits", "remove_files", "set_fd_limit", "write_clock", "http_request"}
    assert (lab.web.id, lab.web.restart_count) == (before, 0)


def test_the_cgroup_inside_and_the_engines_stats_agree(lab: ResourceLab) -> None:
    """Files and stats tell the same container; pins what this engine's version gives."""
    inside = cgroup.from_files(lab.engine.execute(lab.web.id, ["sh", "-c", cgroup.READ])[1])
    stats = cgroup.from_stats(lab.engine.stats(lab.web.id), lab.web)
    assert (inside.cpus, inside.memory_limit_bytes, inside.pids_limit) == (CPUS, MEMORY_BYTES, PIDS)
    assert (stats.cpus, stats.memory_limit_bytes, stats.pids_limit) == (CPUS, MEMORY_BYTES, PIDS)
    assert stats.cpu_ns == pytest.approx(inside.cpu_ns, rel=0.5)
    assert stats.working_set_bytes == pytest.approx(inside.working_set_bytes, rel=0.5)


@pytest.mark.parametrize(
    ("kind", "keys", "why"),
    [
        ("disk", {"path": "/disk"}, "engine host's disk"),
        ("disk", {"path": "/nowhere"}, "cannot be looked at"),
        ("io", {"path": "/data"}, "memory, not a disk"),
        ("cpu_throttle", {"cpus": 2}, "already"),
    ],
)
def test_what_would_reach_beyond_the_container_is_refused(
    lab: ResourceLab, kind: str, keys: dict[str, Any], why: str
) -> None:
    """CannotInject with the reason, before anything is changed."""
    with pytest.raises(CannotInject, match=why), life(lab, kind, target="web", **keys):
        pytest.fail("it was injected")
    assert left(lab) == []


def test_without_limits_nothing_is_taken() -> None:
    """CPU and memory of a container without limits are the host's; a throttle gives it a quota and takes it away again."""
    with resource_lab("unlimitedlab", nano_cpus=0, mem_limit=0, memswap_limit=0) as unlimited:
        for kind, why in (("cpu", "no CPU limit"), ("memory", "no memory limit")):
            with pytest.raises(CannotInject, match=why), life(unlimited, kind, target="web", **FAULTS[kind]):
                pytest.fail("it was injected")
        with life(unlimited, "cpu_throttle", target="web", cpus=0.05) as fault:
            assert fault.hold().proven
            assert fault.end().proven
        assert unlimited.web.cpu_quota == -1
