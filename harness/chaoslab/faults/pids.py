"""pids: the engine lowers the container's own limit of processes and threads to what runs and a few more, so that starting one fails."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from chaoslab.errors import ToolError
from chaoslab.faults import cgroup
from chaoslab.faults.fault import Finding
from chaoslab.faults.headroom import HeadroomSpec, share_reached
from chaoslab.faults.resource import ResourceFault
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica

FORK = """
p=; i=0; trap 'kill $p; echo started $i' EXIT
while [ $i -le $1 ]; do sleep 5 >/dev/null 2>&1 & p="$p $!"; i=$((i + 1)); done
"""
"""Starts processes until none can be, at most one more than the limit. The shell itself is one. They live until the last was tried,
however slowly a throttled target starts them, and keep no stream of the exec open."""
READINGS = 2
"""A health check may run just now: the lowest of so many counts is what runs."""
CANNOT_FORK = ("Cannot fork", "can't fork", "Resource temporarily unavailable")


class PidsSpec(HeadroomSpec):
    """Lowers the limit of processes. `left`: how many more may be started; or `percent`: what runs is that share of the limit."""

    limit = "process limit"
    type: Literal["pids"] = "pids"
    left: Annotated[int, Field(ge=0, le=10_000)] | None = None


@dataclass(frozen=True, slots=True)
class Full:
    """A target during the fault: what runs, its limit, how many processes could be started, and whether one more failed."""

    pids: int
    limit: int
    started: int
    refused: bool


class Pids(ResourceFault[PidsSpec]):
    """Lowers through the engine's update call. The limit outlasts a restart of the target."""

    Spec = PidsSpec

    def prepare(self) -> None:
        """Choose the targets."""
        self.choose()
        self.limits: dict[str, int] = {}

    def undos(self) -> tuple[Undo, ...]:
        """Set each limit back; without one it is -1."""
        return tuple(
            self.undo("set_limits", one.service, one.number, pids_limit=one.pids_limit or -1) for one in self.targets
        )

    def inject(self) -> Effect:
        """Count and lower one after the other; the effect lies within the calls."""
        running = {str(one): min(processes(self, one) for _ in range(READINGS)) for one in self.targets}
        self.limits = {name: lowered(count, self.spec.left, self.spec.percent) for name, count in running.items()}

        def lower() -> None:
            for replica in self.targets:
                self.lab.engine.update(replica.id, PidsLimit=self.limits[str(replica)])

        _, at, error = self.timed(lower)
        return self.took_effect(at, error)

    def prove(self) -> Proof:
        """Start processes in each target until it fails, and read the cgroup."""
        found = {}
        for replica in self.targets:
            fresh = self.now(replica)
            if fresh is not None and fresh.running:
                pids = processes(self, fresh)
                started, refused = self._started(fresh)
                found[str(replica)] = Full(pids, cgroup.from_stats({}, fresh).pids_limit, started, refused)
        return self.judged(exhausted(self.limits, found, self.spec.share), survives=True)

    def prove_clean(self) -> Proof:
        """Each limit is what it was."""
        after = [self.now(one) for one in self.targets]
        other = sum(
            new is not None and max(0, new.pids_limit) != max(0, old.pids_limit)
            for old, new in zip(self.targets, after, strict=True)
        )
        return self.proof(Finding(other, "0 lowered", "process limits", proven=other == 0))

    def _started(self, replica: Replica) -> tuple[int, bool]:
        """Say how many processes could be started, and whether one more failed."""
        most = str(self.limits[str(replica)])
        try:
            code, output = self.lab.engine.execute(replica.id, ["sh", "-c", FORK, "sh", most], self.user(replica))
        except ToolError as error:  # a full container may not even take the exec
            return 0, any(words in error.message for words in CANNOT_FORK)
        started = re.search(r"^started (\d+)$", output, re.MULTILINE)
        return int(started[1]) if started else 0, code != 0 and any(words in output for words in CANNOT_FORK)


def processes(fault: ResourceFault[PidsSpec], replica: Replica) -> int:
    """Count a target's processes and threads, without the shell that reads them where it is read inside."""
    found = cgroup.read(fault.lab, replica, fault.user(replica))
    return max(1, found.pids - (found.uptime_seconds > 0))


def lowered(running: int, left: int | None, percent: float | None) -> int:
    """Return the limit that leaves `left` more, or makes what runs `percent` of it."""
    return math.floor(100 * running / percent) if percent is not None else running + (left or 0)


def exhausted(limits: Mapping[str, int], found: Mapping[str, Full], percent: float | None) -> Finding:
    """Judge it: each target has its lower limit, and starting processes fails there (EAGAIN). `measured`: the most that could be started.

    With `percent` (below 100) what runs only has to be that share of the limit.
    """
    said = ", ".join(
        f"{name} runs {one.pids} of at most {one.limit}, {one.started} more could be started"
        f"{', then it fails' if one.refused else ''}"
        for name, one in found.items()
    )
    in_force = len(found) == len(limits) > 0 and all(found[name].limit == limit for name, limit in limits.items())
    if percent is None:
        proven = in_force and all(one.refused for one in found.values())
        most = max((one.started for one in found.values()), default=None)
        return Finding(most, "starting one more fails", "processes started", proven=proven, detail=said)
    shares = [100 * one.pids / one.limit if one.limit else 0.0 for one in found.values()]
    return share_reached(shares, percent, "% of the process limit", in_force=in_force, detail=said)
