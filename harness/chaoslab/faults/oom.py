"""oom: memory taken inside the container until the kernel's OOM killer ends the service, which is made to score highest."""

from collections.abc import Mapping, Sequence
from typing import Literal

from chaoslab.errors import CannotInject
from chaoslab.faults import targets
from chaoslab.faults.engine_call import running_again
from chaoslab.faults.fault import Fault, Finding
from chaoslab.faults.signals import Signaller
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica
from chaoslab.model.suite import OneShotFaultSpec

TAKE_SECONDS = 10
"""stress-ng's own time limit: what it holds is given back by then whatever happens."""
INSPECT_SECONDS = 0.3
"""OOMKilled is readable between the death and the start that the restart policy makes."""
DIE_EVENT_SECONDS = 1.0
KILLED = 137
ABILITIES = (
    "command -v stress-ng && while read key value rest; do [ $key = MemAvailable: ] && echo $value; done </proc/meminfo"
)
TAKE = """
d=/dev/shm/$1$2; mkdir -p $d || exit 3
was=
for p in /proc/[0-9]*; do
  [ $p = /proc/$$ ] && continue
  read score <$p/oom_score_adj && echo 1000 >$p/oom_score_adj && was="$was $p=$score"
done 2>/dev/null
stress-ng --vm 1 --vm-bytes $3 --vm-populate --vm-keep --no-oom-adjust --keep-name --temp-path $d --timeout $4s --quiet
for one in $was; do echo ${one#*=} >${one%%=*}/oom_score_adj; done 2>/dev/null
rmdir $d
"""
"""Arguments: the mark in two parts, bytes, seconds. stress-ng's command line carries the whole mark (so that it is found and
ended), this shell's does not (so that it lives to give a surviving service its score back)."""


class OomSpec(targets.OnReplicas, OneShotFaultSpec):
    """Gets a service killed for its memory."""

    type: Literal["oom"] = "oom"

    def describe(self) -> str:
        """Say what is done to whom."""
        who = self.who
        return f"memory of {who} taken up to its limit until the kernel kills the service"

    def undoes(self) -> tuple[str, ...]:
        """End the stressor; the restart policy brings the service back."""
        who = targets.of(self.target, self.count)
        return (f"end the memory stressor in {who}", f"ensure running {who} (restart policy, else start)")

    def longest_wait_seconds(self) -> float:
        """Give the stressor's time limit and what the engine needs besides."""
        return TAKE_SECONDS + 3.0


class Oom(Fault[OomSpec]):
    """stress-ng by exec as the service's own user, bounded by the container's limit and by time."""

    Spec = OomSpec
    needs = ("stress-ng",)

    def prepare(self) -> None:
        """Choose the targets and see that each has a limit, the tools, and a host with that much memory free."""
        self.targets = targets.choose(self)
        for replica in self.targets:
            if not replica.memory_bytes:
                raise CannotInject(
                    f"{replica} has no memory limit: taking its memory would take the host's",
                    remedy="give the service mem_limit",
                )
            code, output = self.lab.engine.execute(replica.id, ["sh", "-c", ABILITIES])
            check_abilities(replica, code, output)
        self.signaller = Signaller(self)
        for replica in self.targets:
            self.signaller.watch(replica)
        self.exits: dict[str, int] = {}
        self.codes: dict[str, int] = {}
        self.seen_killed: set[str] = set()
        self.started_ns = 0

    @property
    def mark(self) -> str:
        """What the stressor's command line carries."""
        return f"{self.lab.mark}-{self.id}"

    def undos(self) -> tuple[Undo, ...]:
        """End the stressor, then have each target run (undone in reverse order)."""
        return tuple(
            undo
            for replica in self.targets
            for undo in (
                self.undo("ensure_running", replica.service, replica.number),
                self.undo("end_processes", replica.service, replica.number, mark=self.mark),
            )
        )

    def inject(self) -> Effect:
        """Take the memory; the service's end is the effect."""
        self.started_ns = self.lab.history.now_ns()
        half = len(self.mark) // 2
        for replica in self.targets:
            numbers = [str(replica.memory_bytes), str(TAKE_SECONDS)]
            self.lab.engine.execute_detached(
                replica.id, ["sh", "-c", TAKE, "sh", self.mark[:half], self.mark[half:], *numbers]
            )
        self.exits = self.signaller.exits(self.targets, TAKE_SECONDS + 1.0)
        self._look_for_killed()
        self.codes = self._exit_codes()
        waited = (self.lab.history.now_ns() - self.started_ns) / 1e9
        at = min(self.exits.values(), default=self.started_ns)
        what = f"{self.spec.describe()}: {targets.names(self.targets)}"
        return Effect(at, self.lab.history.tie.error_ns, what, waited)

    def prove(self) -> Proof:
        """The service died of it: die event with 137, OOMKilled, one restart more."""
        after = [self.lab.replica(replica.service, replica.number) for replica in self.targets]
        took = {name: (end - self.started_ns) / 1e6 for name, end in self.exits.items()}
        return self.proof(oom_killed(self.targets, after, self.codes, self.seen_killed, took))

    def prove_clean(self) -> Proof:
        """All targets run."""
        return self.proof(
            running_again([self.lab.replica(replica.service, replica.number) for replica in self.targets])
        )

    def _look_for_killed(self) -> None:
        """Catch OOMKilled before the restart clears it."""
        waiting = [replica for replica in self.targets if str(replica) in self.exits]

        def all_seen() -> bool | None:
            for replica in waiting:
                now = self.lab.engine.inspect(replica.id)
                if now is not None and now.oom_killed:
                    self.seen_killed.add(str(replica))
            return True if len(self.seen_killed) == len(waiting) else None

        try:
            self.lab.history.wait(all_seen, INSPECT_SECONDS, "OOMKilled")
        except TimeoutError:
            return  # the proof says that it was not seen

    def _exit_codes(self) -> dict[str, int]:
        def told() -> dict[str, int] | None:
            events = {
                name: targets.engine_event(self.lab, replica, "die", self.started_ns) for name, replica in ended.items()
            }
            codes = {name: int(event.data["exit_code"]) for name, event in events.items() if event}
            return codes if len(codes) == len(events) else None

        ended = {str(replica): replica for replica in self.targets if str(replica) in self.exits}
        try:
            return self.lab.history.wait(told, DIE_EVENT_SECONDS, "the engine's die events")
        except TimeoutError:
            return {}


def check_abilities(replica: Replica, code: int, output: str) -> None:
    """Read the answer of ABILITIES. Raises CannotInject without stress-ng, or when the host has less memory free than the limit."""
    if "stress-ng" not in output:
        raise CannotInject(
            f"the image of {replica} has no stress-ng (and sh): exit code {code}",
            remedy="add the package stress-ng to the image",
        )
    last = output.rsplit(None, 1)[-1]
    free_bytes = 1024 * int(last) if last.isdigit() else 0
    if free_bytes < replica.memory_bytes:
        raise CannotInject(
            f"the engine's host has {free_bytes >> 20} MiB of memory free, less than the limit of {replica} ({replica.memory_bytes >> 20} MiB)"
        )


def oom_killed(
    before: Sequence[Replica],
    after: Sequence[Replica],
    codes: Mapping[str, int],
    seen: set[str],
    took_ms: Mapping[str, float],
) -> Finding:
    """Judge an OOM kill of the service itself. `measured`: how many of the services died of it.

    A killed stressor also makes the engine tell `oom`; only exit code 137 of the container, OOMKilled and one more
    restart say that it was the service.
    """
    died, said = 0, []
    for old, new in zip(before, after, strict=True):
        name = str(old)
        restarts = new.restart_count - old.restart_count
        killed = name in took_ms and codes.get(name) == KILLED and name in seen
        died += killed and restarts >= 1
        if name in took_ms:
            said.append(
                f"{name}: exit code {codes.get(name, 'unknown')} after {took_ms[name]:.0f} ms, "
                f"OOMKilled {'seen' if name in seen else 'not seen'}, restarts +{restarts}"
            )
        else:
            said.append(f"{name}: the service survived")
    return Finding(
        died,
        f"{len(before)} of {len(before)}",
        "services OOM-killed",
        proven=died == len(before) > 0,
        detail=", ".join(said),
    )
