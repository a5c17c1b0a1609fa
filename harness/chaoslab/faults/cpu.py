"""cpu: busy processes inside the container take a share of the container's own CPU limit."""

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from chaoslab.errors import CannotInject
from chaoslab.faults import cgroup
from chaoslab.faults.cgroup import CpuUse, Readings
from chaoslab.faults.fault import Finding
from chaoslab.faults.resource import ResourceFault, ResourceSpec
from chaoslab.faults.stressor import Stressors
from chaoslab.model.history import Effect, Proof, Undo

REACHED = 0.9
"""A load in turns of burning and sleeping is approximate: nine tenths of what was asked for is there."""
HOST_FULL_PERCENT = 95.0
MIN_LOAD = 5
WORKERS_SPARE = 1
PERIOD_CS = 20
BURN = """
now() { read -r up rest </proc/uptime; now=${up%.*}${up#*.}; }
used() { read -r a a a a a a a a a a a a a user system rest </proc/self/stat; used=$((user + system)); }
now; end=$((now + $2 * 100)); on=$4; period=$5
burn() {
  now; turn=$now; used; enough=$used
  while :; do
    turn=$((turn + period)); enough=$((enough + on))
    while [ $used -lt $enough ]; do
      i=0; while [ $i -lt 300 ]; do i=$((i + 1)); done
      now; [ $now -lt $end ] || exit 0
      used
    done
    now; left=$((turn - now)); [ $now -lt $end ] || exit 0
    if [ $left -ge 10 ]; then sleep 0.$left; elif [ $left -gt 0 ]; then sleep 0.0$left; fi
  done
}
i=1; while [ $i -lt $3 ]; do burn & i=$((i + 1)); done
burn
"""
"""Arguments: the mark, seconds, processes; centiseconds of CPU that each takes in a turn (what it did not get is
made up for), and of a turn. The shell alone, since stress-ng
would take 33 MiB of the container's memory as well (measured, 0.19 with two workers)."""


class CpuSpec(ResourceSpec):
    """Takes CPU. `percent` of the container's limit; `workers`: processes, by default as many as the limit needs and one more."""

    type: Literal["cpu"] = "cpu"
    workers: Annotated[int, Field(ge=1, le=64)] | None = None
    percent: Annotated[float, Field(ge=1, le=100)] = 100.0

    def describe(self) -> str:
        """Say what is taken from whom."""
        return f"{self.percent:g}% of the CPU limit of {self.who} taken"

    def undoes(self) -> tuple[str, ...]:
        """End the stressor."""
        return (f"end the CPU stressor in {self.who}",)


class Cpu(ResourceFault[CpuSpec]):
    """Bounded by the container's own limit: without one it would be the host's CPU."""

    Spec = CpuSpec

    def prepare(self) -> None:
        """Choose the targets, check that each has a limit and get the quick undo ready."""
        self.choose()
        self.at_effect: dict[str, Readings] = {}
        self.cpus: dict[str, float] = {}
        for replica in self.targets:
            limit = cgroup.declared_cpus(replica) or cgroup.read(self.lab, replica, self.user(replica)).cpus
            if not limit:
                raise CannotInject(
                    f"{replica} has no CPU limit: taking its CPU would take the host's", remedy="give the service cpus"
                )
            self.cpus[str(replica)] = limit
        self.stressors = Stressors(self)

    def undos(self) -> tuple[Undo, ...]:
        """End the stressors."""
        return self.stressors.undos()

    def inject(self) -> Effect:
        """Start a stressor in each target; returns when all run."""
        _, at, error = self.timed(self._start)
        for replica in self.targets:
            self.at_effect[str(replica)] = cgroup.read(self.lab, replica, self.user(replica))
        return self.took_effect(at, error)

    def prove(self) -> Proof:
        """Compare the cgroup's counters with those at the effect."""
        used: dict[str, CpuUse] = {}
        for replica in self.targets:
            fresh = self.now(replica)
            if fresh is not None and fresh.running:
                after = cgroup.read(self.lab, fresh, self.user(replica))
                used[str(replica)] = cgroup.cpu_use(self.at_effect[str(replica)], after)
        return self.judged(taken(self.spec.percent, len(self.targets), used))

    def prove_clean(self) -> Proof:
        """No stressor is left; one that is, is ended."""
        return self.proof(self.stressors.gone())

    def close(self) -> None:
        """End the helper."""
        if hasattr(self, "stressors"):
            self.stressors.close()
        super().close()

    def _start(self) -> None:
        for replica in self.targets:
            limit = self.cpus[str(replica)]
            workers, load = plan(limit, self.spec.percent, self.spec.workers)
            on = round(PERIOD_CS * load / 100)
            self.stressors.start_quiet(replica, BURN, str(workers), str(on), str(PERIOD_CS))
        self.stressors.await_started()


def plan(cpus: float, percent: float, workers: int | None) -> tuple[int, int]:
    """Return how many workers, each at how many % of one CPU, take `percent` of a limit of `cpus`."""
    if percent >= 100:
        return workers or math.ceil(cpus) + WORKERS_SPARE, 100
    number = workers or math.ceil(cpus)
    return number, max(MIN_LOAD, min(100, round(percent * cpus / number)))


def taken(percent: float, wanted: int, used: Mapping[str, CpuUse]) -> Finding:
    """Judge it: each target used its share of its own limit; where all of it was wanted, the host's CPU may have run out first.

    `measured`: the least share. A service waits for CPU alike, whether its limit or its host has none left.

    Source: cpu.stat and cpuacct.usage of the cgroup, /proc/stat of the host.
    """
    expected = f"at least {REACHED * percent:g} % of its limit"
    said = ", ".join(
        f"{name} used {use.percent:.0f}% of its limit, throttled in {use.throttled} of {use.periods} periods"
        for name, use in used.items()
    )
    least = min((use.percent for use in used.values()), default=None)
    short = [use for use in used.values() if use.percent < REACHED * percent]
    full = bool(short) and percent >= 100 and all(use.host_percent >= HOST_FULL_PERCENT for use in short)
    proven = len(used) == wanted > 0 and (not short or full)
    finding = Finding(least, expected, "% of the CPU limit", proven=proven, detail=said)
    if full:
        host = min(use.host_percent for use in short)
        return finding.noted(f"the engine's host had no more to give: {host:.0f}% of its CPU in use")
    return finding
