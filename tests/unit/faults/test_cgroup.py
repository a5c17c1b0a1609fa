"""What a container uses, read from recorded cgroup files and engine stats.

Recorded for real: cgroup v1 (Docker Engine 20.10, Linux 6.18, a container with 0.5 CPUs and 128 MiB under a CPU stressor,
1.7 s apart) and that engine's stats of it. The v2 file is written after the kernel's cgroup-v2.rst with the numbers of the v1 one.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaoslab.errors import EngineGone, ToolError
from chaoslab.faults import cgroup
from chaoslab.faults.cgroup import Readings
from unit.faults.made import SECOND, MadeLab, replica

RECORDED = Path(__file__).parents[2] / "recorded"
BEFORE, AFTER = ((RECORDED / f"cgroup-v1-{name}.txt").read_text() for name in ("before", "after"))
V2 = (RECORDED / "cgroup-v2-documented.txt").read_text()
STATS: dict[str, Any] = json.loads((RECORDED / "engine-stats-20.10-cgroup-v1.json").read_text())
LIMITED = replica(nano_cpus=500_000_000, memory_bytes=128 << 20, pids_limit=64)


def test_version_1_files_are_read() -> None:
    """Counters, limits, working set and the host's ticks come out of the recorded files."""
    found = cgroup.from_files(AFTER)
    assert (found.cpu_ns, found.periods, found.throttled, found.cpus) == (1_007_895_780, 43, 9, 0.5)
    assert (found.memory_bytes, found.inactive_file_bytes, found.memory_limit_bytes) == (50_241_536, 4096, 128 << 20)
    assert found.working_set_bytes == 50_241_536 - 4096
    assert (found.pids, found.pids_limit, found.uptime_seconds) == (6, 64, 6425.19)
    assert found.host_ticks - found.host_busy_ticks == 750_823 + 4949


def test_version_2_files_say_the_same() -> None:
    """The same numbers under version 2's names; `max` is no limit."""
    found, other = cgroup.from_files(V2), cgroup.from_files(AFTER)
    assert found.pids_limit == 0
    assert replace(found, cpu_ns=other.cpu_ns, pids_limit=other.pids_limit) == other
    assert found.cpu_ns == 1_007_895_000


def test_without_limits_they_are_zero() -> None:
    """A quota of -1, version 1's huge number and version 2's `max` mean that there is none."""
    one = cgroup.from_files(AFTER.replace("\n50000\n", "\n-1\n").replace("\n134217728\n", "\n9223372036854771712\n"))
    two = cgroup.from_files(V2.replace("50000 100000", "max 100000").replace("134217728", "max"))
    assert (one.cpus, one.memory_limit_bytes) == (two.cpus, two.memory_limit_bytes) == (0.0, 0)


def test_no_cgroup_files_is_an_error() -> None:
    """What is no cgroup is not read as zeros."""
    with pytest.raises(ValueError, match="no cgroup files"):
        cgroup.from_files("== uptime\n1.0 1.0\n")


def test_the_engines_stats_are_read() -> None:
    """The recorded stats of the same container give its counters; limits come from its inspection."""
    found = cgroup.from_stats(STATS, LIMITED)
    assert found.cpu_ns == STATS["cpu_stats"]["cpu_usage"]["total_usage"] > 0
    assert found.throttled == STATS["cpu_stats"]["throttling_data"]["throttled_periods"]
    assert (found.cpus, found.memory_limit_bytes, found.pids_limit) == (0.5, 128 << 20, 64)
    assert 0 < found.working_set_bytes <= found.memory_bytes
    second = cgroup.from_stats({"memory_stats": {"usage": 10, "stats": {"inactive_file": 4}}}, LIMITED)
    assert second.working_set_bytes == 6


def test_the_recorded_stressor_used_its_limit() -> None:
    """Between the two recordings the container used most of half a CPU and was throttled."""
    use = cgroup.cpu_use(cgroup.from_files(BEFORE), cgroup.from_files(AFTER))
    assert use.percent == pytest.approx(90, abs=25)
    assert use.throttled > 0
    assert 0 < use.host_percent <= 100


def test_a_restart_between_two_readings_gives_nothing() -> None:
    """Counters that went back are no use of CPU; what was throttled since the restart still counts."""
    before = cgroup.from_files(BEFORE)
    use = cgroup.cpu_use(cgroup.from_files(AFTER), before)
    assert (use.percent, use.throttled) == (0.0, before.throttled)


def test_stats_are_compared_by_the_labs_clock() -> None:
    """Without an uptime the instants of reading count."""
    usual = Readings(0, 0, 0, 1.0, 0, 0, 0, 1, 0, at_ns=SECOND)
    assert cgroup.cpu_use(usual, replace(usual, cpu_ns=SECOND, at_ns=3 * SECOND)).percent == 50.0


class Engine:
    """Answers an exec as told, and gives the recorded stats."""

    def __init__(self, code: int, output: str, error: Exception | None = None) -> None:
        self.code, self.output, self.error = code, output, error

    def execute(self, _container: str, _argv: list[str], _user: str = "") -> tuple[int, str]:
        """Answer."""
        if self.error is not None:
            raise self.error
        return self.code, self.output

    def stats(self, _container: str) -> dict[str, Any]:
        """Measure."""
        return STATS


@pytest.mark.parametrize(
    ("engine", "cpu_ns"),
    [
        (Engine(0, AFTER), 1_007_895_780),
        (Engine(126, "no sh"), STATS["cpu_stats"]["cpu_usage"]["total_usage"]),
        (Engine(0, "", ToolError("paused")), STATS["cpu_stats"]["cpu_usage"]["total_usage"]),
        (Engine(0, "no files"), STATS["cpu_stats"]["cpu_usage"]["total_usage"]),
    ],
)
def test_where_nothing_runs_inside_the_engine_is_asked(engine: Engine, cpu_ns: int) -> None:
    """Files read inside come first; a paused container, an image without a shell, no cgroup files: stats."""
    assert cgroup.read(MadeLab(engine=engine).as_lab(), LIMITED).cpu_ns == cpu_ns


def test_an_engine_that_is_gone_is_no_reason_to_ask_it_again() -> None:
    """EngineGone passes through."""
    with pytest.raises(EngineGone):
        cgroup.read(MadeLab(engine=Engine(0, "", EngineGone("gone"))).as_lab(), LIMITED)
