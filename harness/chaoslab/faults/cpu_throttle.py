"""cpu_throttle: the engine lowers the container's own CPU limit; the kernel then makes it wait in every period in which it wants more."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from chaoslab.errors import CannotInject
from chaoslab.faults import cgroup
from chaoslab.faults.cgroup import CpuUse, Readings
from chaoslab.faults.fault import Finding
from chaoslab.faults.resource import ResourceFault, ResourceSpec
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica

PERIOD_US = 100_000


class CpuThrottleSpec(ResourceSpec):
    """Lowers a CPU limit to `cpus`."""

    type: Literal["cpu_throttle"] = "cpu_throttle"
    cpus: Annotated[float, Field(ge=0.01, le=64)]

    def describe(self) -> str:
        """Say what is lowered."""
        return f"CPU limit of {self.who} lowered to {self.cpus:g} CPUs"

    def undoes(self) -> tuple[str, ...]:
        """Give it back."""
        return (f"set the CPU limit of {self.who} back",)


class CpuThrottle(ResourceFault[CpuThrottleSpec]):
    """Lowers through the engine's update call, in the terms that the container was made with; the limit outlasts a restart."""

    Spec = CpuThrottleSpec

    def prepare(self) -> None:
        """Choose the targets. Raises CannotInject where the limit is that low already."""
        self.choose()
        self.at_effect: dict[str, Readings] = {}
        for replica in self.targets:
            declared = cgroup.declared_cpus(replica)
            if declared and declared <= self.spec.cpus:
                raise CannotInject(
                    f"{replica} has a CPU limit of {declared:g} already, no higher than {self.spec.cpus:g}",
                    remedy="ask for less",
                )

    def undos(self) -> tuple[Undo, ...]:
        """Set each limit back."""
        return tuple(self.undo("set_limits", one.service, one.number, **former_limit(one)) for one in self.targets)

    def inject(self) -> Effect:
        """Lower one after the other; the effect lies within the calls."""
        _, at, error = self.timed(self._lower)
        for replica in self.targets:
            self.at_effect[str(replica)] = cgroup.read(self.lab, replica, self.user(replica))
        return self.took_effect(at, error)

    def prove(self) -> Proof:
        """Compare the cgroup's counters with those at the effect."""
        used: dict[str, CpuUse] = {}
        limits: dict[str, float] = {}
        for replica in self.targets:
            fresh = self.now(replica)
            if fresh is not None and fresh.running:
                after = cgroup.read(self.lab, fresh, self.user(replica))
                limits[str(replica)] = after.cpus
                used[str(replica)] = cgroup.cpu_use(self.at_effect[str(replica)], after)
        return self.judged(throttled(self.spec.cpus, len(self.targets), limits, used), survives=True)

    def prove_clean(self) -> Proof:
        """Each limit is what it was."""
        return self.proof(given_back(self.targets, [self.now(one) for one in self.targets]))

    def _lower(self) -> None:
        for replica in self.targets:
            if replica.nano_cpus:
                self.lab.engine.update(replica.id, NanoCpus=round(self.spec.cpus * 1e9))
            else:
                quota = round(self.spec.cpus * PERIOD_US)
                self.lab.engine.update(replica.id, CpuPeriod=PERIOD_US, CpuQuota=quota)


def former_limit(replica: Replica) -> dict[str, int]:
    """Say the limit as it was, in the terms that the engine takes: it refuses to mix them, and zeros are silently ignored."""
    return {"nano_cpus": replica.nano_cpus} if replica.nano_cpus else {"cpu_quota": replica.cpu_quota or -1}


def throttled(cpus: float, wanted: int, limits: Mapping[str, float], used: Mapping[str, CpuUse]) -> Finding:
    """Judge it: the cgroup has the lower limit, and each target was made to wait since. `measured`: the least number of throttled periods."""
    said = ", ".join(
        f"{name} throttled in {use.throttled} of {use.periods} periods at {limits[name]:g} CPUs, {use.percent:.0f}% of it used"
        for name, use in used.items()
    )
    least = min((use.throttled for use in used.values()), default=None)
    finding = Finding(
        least, "at least 1", "throttled periods", proven=len(used) == wanted > 0 and bool(least), detail=said
    )
    higher = [f"{name} has {limit:g}" for name, limit in limits.items() if not 0 < limit <= 1.01 * cpus]
    return finding.refused(f"the limit is not lowered: {', '.join(higher)}") if higher else finding


def given_back(before: tuple[Replica, ...], after: list[Replica | None]) -> Finding:
    """Judge the clean state: every container that is still there has the limit it had."""
    other = sum(
        new is not None and cgroup.declared_cpus(new) != cgroup.declared_cpus(old)
        for old, new in zip(before, after, strict=True)
    )
    return Finding(other, "0 lowered", "CPU limits", proven=other == 0)
