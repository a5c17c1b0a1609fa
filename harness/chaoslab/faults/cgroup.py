"""What a container uses of its CPU, memory and processes: read from its cgroup's files inside, or from the engine's stats."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chaoslab.errors import EngineGone, ToolError
from chaoslab.model.replica import Replica

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab

UNLIMITED_BYTES = 1 << 60
"""cgroup v1 tells "no limit" as a number just below 2^63."""
READ = """
for file in cpu/cpu.stat cpuacct/cpuacct.usage cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us memory/memory.usage_in_bytes \
  memory/memory.limit_in_bytes memory/memory.stat pids/pids.current pids/pids.max \
  cpu.stat cpu.max memory.current memory.max memory.stat pids.current pids.max; do
  [ -r /sys/fs/cgroup/$file ] || continue
  echo "== $file"; while read -r line; do echo "$line"; done </sys/fs/cgroup/$file
done
echo "== uptime"; read -r line </proc/uptime; echo "$line"
echo "== stat"; read -r line </proc/stat; echo "$line"
"""
"""Shell builtins only: it also runs where no process more can be started. uptime and stat are the engine host's."""


@dataclass(frozen=True, slots=True)
class Readings:
    """One reading. Counters since the container's start; limits are 0 where there is none.

    `uptime_seconds` and the host's ticks (busy, all) are 0 where the engine's stats were read instead.
    """

    cpu_ns: int
    periods: int
    throttled: int
    cpus: float
    memory_bytes: int
    inactive_file_bytes: int
    memory_limit_bytes: int
    pids: int
    pids_limit: int
    uptime_seconds: float = 0.0
    host_busy_ticks: int = 0
    host_ticks: int = 0
    at_ns: int = 0

    @property
    def working_set_bytes(self) -> int:
        """Memory that the kernel cannot simply drop: what counts against the limit in earnest."""
        return self.memory_bytes - self.inactive_file_bytes


@dataclass(frozen=True, slots=True)
class CpuUse:
    """What happened between two readings: % of the container's own CPU limit used, throttled periods, % of the host's CPU in use."""

    percent: float
    periods: int
    throttled: int
    host_percent: float


def read(lab: "Lab", replica: Replica, user: str = "") -> Readings:
    """Read a target's cgroup inside; where nothing can be run inside, ask the engine. Raises ToolError when both fail."""
    before = lab.history.now_ns()
    try:
        code, output = lab.engine.execute(replica.id, ["sh", "-c", READ], user)
        found = from_files(output) if code == 0 else None
    except EngineGone:
        raise
    except (ToolError, ValueError):
        found = None
    if found is None:
        found = from_stats(lab.engine.stats(replica.id), replica)
    return replace(found, at_ns=(before + lab.history.now_ns()) // 2)


def from_files(output: str) -> Readings:
    """Read the answer of READ, of either cgroup version. Raises ValueError where no cgroup files are seen."""
    files = _sections(output)
    if "cpu.stat" in files:
        return _v2(files)
    if "cpu/cpu.stat" in files:
        return _v1(files)
    raise ValueError("no cgroup files are seen inside")


def from_stats(raw: Mapping[str, Any], replica: Replica) -> Readings:
    """Read the engine's stats, which it gives alike for both cgroup versions but for the name of inactive file pages."""
    cpu, memory, pids = raw.get("cpu_stats") or {}, raw.get("memory_stats") or {}, raw.get("pids_stats") or {}
    throttling, stats = cpu.get("throttling_data") or {}, memory.get("stats") or {}
    return Readings(
        cpu_ns=int((cpu.get("cpu_usage") or {}).get("total_usage", 0)),
        periods=int(throttling.get("periods", 0)),
        throttled=int(throttling.get("throttled_periods", 0)),
        cpus=declared_cpus(replica),
        memory_bytes=int(memory.get("usage", 0)),
        inactive_file_bytes=int(stats.get("total_inactive_file", stats.get("inactive_file", 0))),
        memory_limit_bytes=replica.memory_bytes,
        pids=int(pids.get("current", 0)),
        pids_limit=max(0, replica.pids_limit),
    )


def declared_cpus(replica: Replica) -> float:
    """Return the CPU limit that the engine holds, in CPUs; 0 without one. A quota counts for the usual period of 100 ms."""
    return replica.nano_cpus / 1e9 if replica.nano_cpus else max(0, replica.cpu_quota) / 1e5


def cpu_use(before: Readings, after: Readings) -> CpuUse:
    """Compare two readings of one container; one that was restarted in between has the periods since its restart, and no percentage."""
    if after.cpu_ns < before.cpu_ns or after.periods < before.periods:
        return CpuUse(0.0, after.periods, after.throttled, 0.0)
    seconds = after.uptime_seconds - before.uptime_seconds
    if not (after.uptime_seconds and before.uptime_seconds):
        seconds = (after.at_ns - before.at_ns) / 1e9
    used = (after.cpu_ns - before.cpu_ns) / 1e9
    cpus = after.cpus or before.cpus
    if seconds <= 0 or cpus <= 0:
        return CpuUse(0.0, 0, 0, 0.0)
    ticks = after.host_ticks - before.host_ticks
    host = 100 * (after.host_busy_ticks - before.host_busy_ticks) / ticks if ticks > 0 else 0.0
    return CpuUse(
        100 * used / (seconds * cpus), after.periods - before.periods, after.throttled - before.throttled, host
    )


def _sections(output: str) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for line in output.splitlines():
        if line.startswith("== "):
            found[line[3:].strip()] = []
        elif found and line.strip():
            found[next(reversed(found))].append(line.split())
    return found


def _v1(files: Mapping[str, list[list[str]]]) -> Readings:
    cpu, memory = _pairs(files["cpu/cpu.stat"]), _pairs(files.get("memory/memory.stat", []))
    quota, period = _number(files, "cpu/cpu.cfs_quota_us"), _number(files, "cpu/cpu.cfs_period_us")
    return Readings(
        cpu_ns=_number(files, "cpuacct/cpuacct.usage"),
        periods=cpu.get("nr_periods", 0),
        throttled=cpu.get("nr_throttled", 0),
        cpus=quota / period if quota > 0 and period > 0 else 0.0,
        memory_bytes=_number(files, "memory/memory.usage_in_bytes"),
        inactive_file_bytes=memory.get("total_inactive_file", memory.get("inactive_file", 0)),
        memory_limit_bytes=_limit(_number(files, "memory/memory.limit_in_bytes")),
        pids=_number(files, "pids/pids.current"),
        pids_limit=_number(files, "pids/pids.max"),
        **_host(files),
    )


def _v2(files: Mapping[str, list[list[str]]]) -> Readings:
    cpu, memory = _pairs(files["cpu.stat"]), _pairs(files.get("memory.stat", []))
    quota, period = (files.get("cpu.max") or [["max", "100000"]])[0]
    return Readings(
        cpu_ns=1000 * cpu.get("usage_usec", 0),
        periods=cpu.get("nr_periods", 0),
        throttled=cpu.get("nr_throttled", 0),
        cpus=0.0 if quota == "max" else int(quota) / int(period),
        memory_bytes=_number(files, "memory.current"),
        inactive_file_bytes=memory.get("inactive_file", 0),
        memory_limit_bytes=_limit(_number(files, "memory.max")),
        pids=_number(files, "pids.current"),
        pids_limit=_number(files, "pids.max"),
        **_host(files),
    )


def _host(files: Mapping[str, list[list[str]]]) -> dict[str, Any]:
    """Read uptime and the first line of /proc/stat: user nice system idle iowait irq softirq steal (guest is part of user)."""
    ticks = [int(one) for one in (files.get("stat") or [[]])[0][1:9]]
    idle = sum(ticks[3:5])
    return {
        "uptime_seconds": float((files.get("uptime") or [["0"]])[0][0]),
        "host_busy_ticks": sum(ticks) - idle,
        "host_ticks": sum(ticks),
    }


def _pairs(lines: list[list[str]]) -> dict[str, int]:
    return {line[0]: int(line[1]) for line in lines if len(line) == 2}


def _number(files: Mapping[str, list[list[str]]], name: str) -> int:
    """Read a file of one number; 0 where it is missing or says `max`."""
    text = (files.get(name) or [["0"]])[0][0]
    return 0 if text == "max" else int(text)


def _limit(value: int) -> int:
    return 0 if value >= UNLIMITED_BYTES else value
