"""memory: a process inside the container takes memory until a share of the container's own limit is in use, and holds that level."""

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from chaoslab.errors import CannotInject, NotProvable, ToolError
from chaoslab.faults import cgroup
from chaoslab.faults.fault import Finding
from chaoslab.faults.resource import ResourceFault, ResourceSpec, check_host_memory
from chaoslab.faults.stressor import Stressors
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.store import WaitTimeout

if TYPE_CHECKING:
    from chaoslab.tools.attached import Attached

REACH_SECONDS = 10.0
GIVEN_BACK_SECONDS = 2.0
LINE_SECONDS = 0.002
HOG = """
read -r up rest </proc/uptime; end=$((${up%.*} + $2)); d=/sys/fs/cgroup
if [ -r $d/memory.current ]; then
  used=$d/memory.current; stat=$d/memory.stat; key=inactive_file; read -r limit <$d/memory.max
else
  d=$d/memory; used=$d/memory.usage_in_bytes; stat=$d/memory.stat; key=total_inactive_file
  read -r limit <$d/memory.limit_in_bytes
fi
exec 3>&1
while :; do
  read -r up rest </proc/uptime; [ ${up%.*} -lt $end ] || exit 0
  read -r now <$used; file=0
  while read -r name value; do [ $name = $key ] && { file=$value; break; }; done <$stat
  printf '{"used":%s,"limit":%s}\\n' $((now - file)) $limit >&3
  gap=$((limit / 1000 * $3 - now + file))
  if [ $gap -le 0 ]; then sleep 0.1 >/dev/null 3>&1
  elif [ $gap -gt 16777216 ]; then head -c $((gap / 4 * 3)) /dev/zero 3>&1
  elif [ $gap -gt 1048576 ]; then head -c 1048576 /dev/zero 3>&1
  else head -c 262144 /dev/zero 3>&1; fi
done | tail -n 1 >/dev/null
"""
"""Arguments: the mark, seconds, permille of the limit. tail keeps what has no line end, so it holds what is taken; it ends with its
input, and the loop (which carries the mark) ends with its time. Each line says the working set, so no exec disturbs a full container."""


class MemorySpec(ResourceSpec):
    """Takes memory. `percent` of the container's limit: its usage without file pages that can be dropped at once."""

    type: Literal["memory"] = "memory"
    percent: Annotated[float, Field(ge=1, le=99)]

    def describe(self) -> str:
        """Say what is taken from whom."""
        return f"memory of {self.who} filled to {self.percent:g}% of its limit"

    def undoes(self) -> tuple[str, ...]:
        """End the stressor."""
        return (f"end the memory stressor in {self.who}",)

    def longest_wait_seconds(self) -> float:
        """Give the time that reaching the level may take."""
        return REACH_SECONDS


class Memory(ResourceFault[MemorySpec]):
    """A shell and coreutils inside the target, no special tool."""

    Spec = MemorySpec
    needs = ("head", "tail")

    def prepare(self) -> None:
        """Choose the targets; see that each has a limit and the host as much memory free."""
        self.choose()
        for replica in self.targets:
            if not replica.memory_bytes:
                raise CannotInject(
                    f"{replica} has no memory limit: taking its memory would take the host's",
                    remedy="give the service mem_limit",
                )
        free = min(one.host_free_bytes for one in self.within.values())
        check_host_memory(sum(one.memory_bytes for one in self.targets), free, self.spec.describe())
        self.stressors = Stressors(self)
        self.streams: dict[str, Attached] = {}
        self.levels: dict[str, float] = {}

    def undos(self) -> tuple[Undo, ...]:
        """End the stressors."""
        return self.stressors.undos()

    def inject(self) -> Effect:
        """Take memory in each target; the effect is there when the last one reached its level."""
        started = self.lab.history.now_ns()
        for replica in self.targets:
            permille = str(round(10 * self.spec.percent))
            self.streams[str(replica)] = self.stressors.start_script(replica, HOG, permille)
        try:
            self.lab.history.wait(self._all_there, REACH_SECONDS, f"{self.spec.percent:g}% of the memory limit")
        except WaitTimeout as error:
            said = ", ".join(f"{name} reached {level:.1f}%" for name, level in self.levels.items())
            raise NotProvable(f"{error}: {said or 'the stressors said nothing'}") from error
        at = self.lab.history.now_ns()
        return self.took_effect(at, self.lab.history.tie.error_ns, (at - started) / 1e9)

    def prove(self) -> Proof:
        """Read what the stressors say of the level now."""
        alive = {str(one): self._level(str(one)) for one in self.targets}
        return self.judged(filled(self.spec.percent, len(self.targets), self.levels, alive))

    def prove_clean(self) -> Proof:
        """No stressor is left (one that is, is ended), and the memory is given back."""
        gone = self.stressors.gone()
        levels: dict[str, float] = {}

        def below() -> bool | None:
            for replica in self.targets:
                fresh = self.now(replica)
                if fresh is not None and fresh.running:
                    found = cgroup.read(self.lab, fresh, self.user(replica))
                    levels[str(replica)] = 100 * found.working_set_bytes / replica.memory_bytes
            return True if all(level < self.spec.percent for level in levels.values()) else None

        with contextlib.suppress(WaitTimeout):  # the level itself is judged
            self.lab.history.wait(below, GIVEN_BACK_SECONDS, "the memory given back", heed_stop=False)
        return self.proof(given_back(self.spec.percent, gone, levels))

    def close(self) -> None:
        """Let go of the streams and end the helper."""
        for stream in getattr(self, "streams", {}).values():
            stream.close()
        if hasattr(self, "stressors"):
            self.stressors.close()
        super().close()

    def _all_there(self) -> bool | None:
        for replica in self.targets:
            self._level(str(replica))
        there = [self.levels.get(str(one), 0.0) >= self.spec.percent for one in self.targets]
        return all(there) or None

    def _level(self, name: str) -> bool:
        """Take in what a stressor has said up to now; False when it has ended."""
        while True:
            try:
                line: Any = self.streams[name].receive(LINE_SECONDS)
            except TimeoutError:
                return True
            except ToolError:  # sh's own complaint instead of a reading: the next receive tells of its end
                continue
            if line is None:
                return False
            self.levels[name] = 100 * line["used"] / line["limit"]


def given_back(percent: float, gone: Finding, levels: Mapping[str, float]) -> Finding:
    """Judge the clean state: the stressors are gone and every target is below the level. `measured`: the highest level."""
    most = max(levels.values(), default=0.0)
    proven = gone.proven and most < percent
    return Finding(most, f"below {percent:g} %", "% of the memory limit", proven=proven, detail=gone.detail)


def filled(percent: float, wanted: int, levels: Mapping[str, float], alive: Mapping[str, bool]) -> Finding:
    """Judge the level: every target is at `percent` of its limit or above, by the latest reading of a stressor that still runs.

    `measured`: the least level. Working set = usage without inactive file pages, as `docker stats` and Kubernetes count it.
    """
    said = ", ".join(f"{name} at {level:.1f}%" for name, level in levels.items())
    there = len(levels) == wanted > 0 and all(level >= percent for level in levels.values())
    finding = Finding(
        min(levels.values(), default=None),
        f"at least {percent:g} %",
        "% of the memory limit",
        proven=there,
        detail=said,
    )
    ended = [name for name, lives in alive.items() if not lives]
    return finding.refused(f"the stressor in {', '.join(ended)} has ended (killed for memory?)") if ended else finding
