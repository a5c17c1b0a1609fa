"""The pure proofs of resource faults: proven by the number, and not proven without it."""

from dataclasses import replace
from typing import Any

import pytest

from chaoslab.errors import CannotInject
from chaoslab.faults import (
    clock_skew,
    cpu,
    cpu_throttle,
    disk,
    fds,
    http,
    io,
    memory,
    pids,
    resource,
    stressor,
    vram,
    within,
)
from chaoslab.faults.cgroup import CpuUse
from chaoslab.faults.disk import Mount
from chaoslab.faults.fault import Finding
from chaoslab.faults.fds import Open
from chaoslab.faults.http import HttpSpec
from chaoslab.faults.io import Writing
from chaoslab.faults.pids import Full
from unit.faults.made import replica

MIB = 1 << 20
MOUNT = Mount("tmpfs", 4096, 1000, 1000, 1000, write="works")
BUSY, IDLE = CpuUse(97.0, 50, 48, 60.0), CpuUse(20.0, 50, 0, 60.0)
ONE = replica()


@pytest.mark.parametrize(
    ("finding", "proven", "measured"),
    [
        (cpu.taken(100, 1, {"a": BUSY}), True, 97.0),
        (cpu.taken(100, 1, {"a": IDLE}), False, 20.0),
        (cpu.taken(100, 2, {"a": BUSY, "b": IDLE}), False, 20.0),
        (cpu.taken(100, 2, {"a": BUSY}), False, 97.0),
        (cpu.taken(50, 1, {"a": CpuUse(45.0, 50, 0, 60.0)}), True, 45.0),
        (cpu.taken(100, 1, {"a": replace(IDLE, host_percent=99.0)}), True, 20.0),
        (cpu.taken(50, 1, {"a": replace(IDLE, host_percent=99.0)}), False, 20.0),
        (cpu.taken(100, 1, {}), False, None),
        (memory.filled(90, 1, {"a": 90.2}, {"a": True}), True, 90.2),
        (memory.filled(90, 1, {"a": 89.9}, {"a": True}), False, 89.9),
        (memory.filled(90, 1, {"a": 90.2}, {"a": False}), False, 90.2),
        (memory.filled(90, 2, {"a": 90.2}, {"a": True, "b": True}), False, 90.2),
        (memory.given_back(90, Finding(0, "", "", proven=True), {"a": 12.0}), True, 12.0),
        (memory.given_back(90, Finding(0, "", "", proven=True), {"a": 91.0}), False, 91.0),
        (memory.given_back(90, Finding(2, "", "", proven=False), {"a": 12.0}), False, 12.0),
        (pids.exhausted({"a": 5}, {"a": Full(5, 5, 0, refused=True)}, None), True, 0),
        (pids.exhausted({"a": 5}, {"a": Full(5, 5, 0, refused=False)}, None), False, 0),
        (pids.exhausted({"a": 5}, {"a": Full(5, 64, 59, refused=True)}, None), False, 59),
        (pids.exhausted({"a": 5}, {}, None), False, None),
        (pids.exhausted({"a": 10}, {"a": Full(9, 10, 1, refused=False)}, 90.0), True, 90.0),
        (pids.exhausted({"a": 10}, {"a": Full(5, 10, 5, refused=False)}, 90.0), False, 50.0),
        (cpu_throttle.throttled(0.1, 1, {"a": 0.1}, {"a": BUSY}), True, 48),
        (cpu_throttle.throttled(0.1, 1, {"a": 0.1}, {"a": IDLE}), False, 0),
        (cpu_throttle.throttled(0.1, 1, {"a": 0.5}, {"a": BUSY}), False, 48),
        (cpu_throttle.throttled(0.1, 1, {}, {}), False, None),
        (disk.full(95, 1, {"a": replace(MOUNT, free=50)}), True, 95.0),
        (disk.full(95, 1, {"a": replace(MOUNT, free=60)}), False, 94.0),
        (disk.full(100, 1, {"a": replace(MOUNT, free=0, write="fails")}), True, 100.0),
        (disk.full(100, 1, {"a": replace(MOUNT, free=0, write="works")}), False, 100.0),
        (disk.full(100, 1, {}), False, None),
        (disk.room_again(95, {"a": MOUNT}), True, 0.0),
        (disk.room_again(95, {"a": replace(MOUNT, free=10)}), False, 99.0),
        (disk.room_again(100, {"a": replace(MOUNT, free=10, write="fails")}), False, 99.0),
        (fds.lowered({"a": 9}, {"a": Open(9, 9, 0)}, None, {"a": (3, 3)}), True, 0),
        (fds.lowered({"a": 9}, {"a": Open(9, 9, 0)}, None, {"a": (0, 3)}), False, 0),
        (fds.lowered({"a": 9}, {"a": Open(9, 9, 0)}, None, None), True, 0),
        (fds.lowered({"a": 9}, {"a": Open(9, 7, 2)}, None, None), False, 2),
        (fds.lowered({"a": 9}, {"a": Open(20_000, 9, 19_991)}, None, {"a": (3, 3)}), False, 19_991),
        (fds.lowered({"a": 10}, {"a": Open(10, 9, 1)}, 90.0, {"a": (0, 3)}), True, 90.0),
        (fds.lowered({"a": 10}, {"a": Open(10, 4, 6)}, 90.0, {"a": (0, 3)}), False, 40.0),
        (fds.lowered({"a": 5}, {"a": Open(5, 9, 1)}, 90.0, {"a": (0, 3)}), True, 90.0),
        (clock_skew.skewed(3600, 1, {"a": 3599.9}), True, 3599.9),
        (clock_skew.skewed(3600, 1, {"a": 0.0}), False, 0.0),
        (clock_skew.skewed(-60, 2, {"a": -60.0}), False, -60.0),
        (vram.exhausted(100, 1, {"a": 100.0}), True, 100.0),
        (vram.exhausted(100, 1, {"a": 40.0}), False, 40.0),
        (vram.exhausted(100, 2, {"a": 100.0}), False, 100.0),
        (stressor.ended({}, []), True, 0),
        (stressor.ended({"a": 2}, []), True, 2),
        (stressor.ended({"a": 2}, ["it stays"]), False, 2),
    ],
)
def test_each_proof_by_its_number(finding: Finding, proven: bool, measured: float | None) -> None:
    """What was measured decides, for every target."""
    assert (finding.proven, finding.measured) == (proven, measured), finding.detail


def writing(seconds: float, mib: float, fsync_ms: float | None = 2.0) -> Writing:
    """Give a reading of an I/O stressor."""
    return Writing(seconds, int(mib * MIB), fsync_ms)


@pytest.mark.parametrize(("mib", "proven"), [(20, True), (1, False), (0, False)])
def test_io_is_proven_by_bytes_on_the_disk(mib: float, proven: bool) -> None:
    """Less than 1 MiB a second is no load; the fsync before and during is told."""
    finding = io.written(1, {"a": writing(0, 0)}, {"a": writing(1, 0)}, {"a": writing(5, mib, 9.0)})
    assert (finding.proven, finding.measured) == (proven, mib / 4)
    assert "9.0 ms instead of 2.0 ms" in finding.detail


def test_io_of_a_restarted_target_is_not_proven() -> None:
    """Nothing read, nothing proven."""
    assert not io.written(1, {"a": writing(0, 0)}, {"a": writing(1, 0)}, {}).proven


HOOK = HttpSpec.model_validate(
    {
        "service": "worker", "path": "/hook", "undo": {"path": "/unhook"},
        "proof": {"path": "/state", "value": "$.mode", "equals": "slow"},
    }
)  # fmt: skip


def test_an_http_fault_is_proven_by_the_value_it_names() -> None:
    """Every target must show the value; without a proof request the status is the proof."""
    assert http.hooked(HOOK, {"a": 200}, {"a": "slow"}).proven
    assert not http.hooked(HOOK, {"a": 200, "b": 200}, {"a": "slow", "b": "fast"}).proven
    plain = HOOK.model_copy(update={"proof": None})
    assert http.hooked(plain, {"a": 204}, {}).proven
    assert not http.hooked(plain, {"a": 500}, {}).proven


def test_a_stressors_plan_follows_the_limit() -> None:
    """Full load has a worker more than the limit needs; a share is spread over as many as the limit has."""
    assert cpu.plan(0.5, 100, None) == (2, 100)
    assert cpu.plan(1.0, 50, None) == (1, 50)
    assert cpu.plan(1.5, 50, None) == (2, 38)
    assert cpu.plan(2.0, 100, 7) == (7, 100)


def test_a_lowered_process_limit_leaves_what_was_asked() -> None:
    """By number, or by share."""
    assert pids.lowered(7, 3, None) == 10
    assert pids.lowered(7, None, None) == 7
    assert pids.lowered(9, None, 90.0) == 10


def test_the_former_cpu_limit_is_said_in_its_own_terms() -> None:
    """A limit by CPUs, a quota, none: the engine refuses to mix them."""
    assert cpu_throttle.former_limit(replica(nano_cpus=500)) == {"nano_cpus": 500}
    assert cpu_throttle.former_limit(replica(cpu_quota=70_000)) == {"cpu_quota": 70_000}
    assert cpu_throttle.former_limit(replica()) == {"cpu_quota": -1}


def test_cpu_limits_that_are_back_are_clean() -> None:
    """A container that is gone has no lowered limit either."""
    assert cpu_throttle.given_back((replica(nano_cpus=5),), [replica(nano_cpus=5)]).proven
    assert not cpu_throttle.given_back((replica(nano_cpus=5),), [replica(nano_cpus=1)]).proven
    assert cpu_throttle.given_back((replica(nano_cpus=5),), [None]).proven
    assert cpu_throttle.given_back((replica(),), [replica(cpu_quota=-1)]).proven


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (ONE, ""),
        (None, "worker[1] is gone"),
        (replace(ONE, id="other"), "worker[1] was replaced by another container meanwhile"),
        (replace(ONE, started_at="t1"), "worker[1] was restarted meanwhile"),
        (
            replace(ONE, state="exited", exit_code=137, oom_killed=True),
            "worker[1] is exited (exit code 137, OOM-killed)",
        ),
    ],
)
def test_targets_that_did_not_live_through_are_named(after: Any, told: str) -> None:
    """Gone, replaced, restarted and ended are told apart."""
    assert resource.lives([(ONE, after)]) == told


MOUNTS = {"HostConfig": {"Tmpfs": {"/tmp": "size=16m", "/spool": "size=32m,uid=1", "/run": ""}}}


def test_the_mount_to_fill_is_the_sized_one() -> None:
    """/tmp only when there is no other; several or none must be named."""
    assert disk.default_mount(ONE, MOUNTS) == "/spool"
    assert disk.default_mount(ONE, {"HostConfig": {"Tmpfs": {"/tmp": "size=1m"}}}) == "/tmp"
    for tmpfs in ({}, {"/a": "size=1m", "/b": "size=1m"}, {"/run": ""}):
        with pytest.raises(CannotInject, match="tmpfs mounts with a size"):
            disk.default_mount(ONE, {"HostConfig": {"Tmpfs": tmpfs}})


@pytest.mark.parametrize(
    ("mount", "used", "host_free", "why"),
    [
        (replace(MOUNT, kind="ext2/ext3"), 0, 1 << 40, "engine host's disk"),
        (replace(MOUNT, writable=False), 0, 1 << 40, "may not write"),
        (replace(MOUNT, total=40_000, free=40_000, available=40_000), 0, 1 << 40, "would get it killed"),
        (MOUNT, 125 * MIB, 1 << 40, "would get it killed"),
        (MOUNT, 0, 100 * MIB, "must stay"),
    ],
)
def test_a_fill_that_reaches_beyond_its_mount_is_refused(mount: Mount, used: int, host_free: int, why: str) -> None:
    """The host's disk, the memory limit, the host's memory."""
    with pytest.raises(CannotInject, match=why):
        disk.check_mount(ONE, "/spool", mount, 100, used, host_free)


def test_a_fill_within_its_bounds_is_allowed() -> None:
    """A small tmpfs beside little use."""
    disk.check_mount(ONE, "/spool", MOUNT, 100, 20 * MIB, 1 << 40)
    assert MOUNT.fill_bytes(95) == 950 * 4096
    assert replace(MOUNT, free=30, available=30).fill_bytes(95) == 0


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"type": ["tmpfs"], "block": ["4096"], "available": ["9999999"], "writable": ["yes"]}, "memory, not a disk"),
        ({"type": ["ext2/ext3"], "block": ["4096"], "available": ["9999999"]}, "cannot be written"),
        ({"type": ["ext2/ext3"], "block": ["4096"], "available": ["1000"], "writable": ["yes"]}, "MiB must stay"),
    ],
)
def test_io_needs_a_disk_with_room(said: dict[str, list[str]], why: str) -> None:
    """A tmpfs, a folder of somebody else, a nearly full disk are refused."""
    with pytest.raises(CannotInject, match=why):
        io.check_folder(ONE, "/data", said, 2)


def test_io_goes_to_a_writable_volume() -> None:
    """The first by name; without one it must be named."""
    mounts = [
        {"Type": "volume", "Destination": one, "RW": rw} for one, rw in (("/b", True), ("/a", False), ("/c", True))
    ]
    assert io.default_volume(ONE, {"Mounts": mounts}) == "/b"
    with pytest.raises(CannotInject, match="no writable volume"):
        io.default_volume(ONE, {"Mounts": [{"Type": "tmpfs", "Destination": "/t", "RW": True}]})


def test_stress_ng_needs_room_beside_the_service() -> None:
    """It must not be what gets the service killed."""
    stressor.check_memory(ONE, 60 * MIB)
    stressor.check_memory(replace(ONE, memory_bytes=0), 1 << 40)
    with pytest.raises(CannotInject, match="stress-ng takes about"):
        stressor.check_memory(ONE, 100 * MIB)


def test_the_host_keeps_a_reserve() -> None:
    """What would leave the engine's host less than 256 MiB is refused."""
    resource.check_host_memory(100 * MIB, 400 * MIB, "it")
    with pytest.raises(CannotInject, match="256 MiB must stay"):
        resource.check_host_memory(100 * MIB, 300 * MIB, "it")


ANSWER = "pid 7\nuid 10001\ngid 10002\nfree_kib 2048\ntool dd\ntool stat\n"


def test_a_target_is_seen_from_inside() -> None:
    """Its service's process, user and tools, and the host's free memory."""
    found = within.read_facts(ONE, 0, ANSWER, ("dd",))
    assert (found.pid, found.user, found.host_free_bytes) == (7, "10001:10002", 2 * MIB)


def test_an_image_that_lacks_something_is_refused_with_the_remedy() -> None:
    """No shell, or a missing tool: SKIPPED, and how to change that."""
    with pytest.raises(CannotInject, match="nothing can be run inside"):
        within.read_facts(ONE, 126, "exec: sh: not found", ())
    with pytest.raises(CannotInject, match="has no prlimit") as raised:
        within.read_facts(ONE, 0, ANSWER, ("prlimit",))
    assert "util-linux" in raised.value.remedy


def test_open_files_are_counted_below_the_limit() -> None:
    """A descriptor above a lowered limit takes no place below it."""
    found = fds.read_open(ONE, {"soft": ["5"], "hard": ["9"], "fd": ["0", "1", "2", "40", "*"]})
    assert found == Open(5, 4, 2)
    with pytest.raises(CannotInject, match="cannot be listed"):
        fds.read_open(ONE, {"soft": ["5"], "fd": ["*"]})
