"""Programs that take resources inside the targets: marked, bounded in time, ended by the undo, and looked for afterwards."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaoslab.errors import CannotInject, NotProvable
from chaoslab.faults.fault import Finding
from chaoslab.faults.resource import ResourceFault
from chaoslab.faults.signals import Signaller
from chaoslab.model.history import Undo
from chaoslab.model.replica import Replica
from chaoslab.store import WaitTimeout
from chaoslab.undo import carry_out

if TYPE_CHECKING:
    from chaoslab.tools.attached import Attached

SPARE_SECONDS = 20
"""A stressor's own time limit is that much longer than its hold."""
STARTED_SECONDS = 3.0
STRESS_NG_BYTES = 48 << 20
"""Mostly shared memory of its own; 33 MiB were measured with two workers."""
STRESS_NG = """
d=$1/$2$3; shift 3
mkdir $d || exit 3
stress-ng "$@" --keep-name --temp-path $d --quiet
rm -rf $d
"""
"""Arguments: a writable folder, the mark in two parts, stress-ng's own. It ends at once, silently, without a writable --temp-path.
stress-ng's command lines carry the whole mark (so they are found and ended), this shell's does not (so it lives to tidy up)."""


class Stressors:
    """One stressor in each target of a fault."""

    def __init__(self, fault: ResourceFault[Any]) -> None:
        self._fault = fault
        self._signaller = Signaller(fault)
        for undo in self.undos():
            fault.lab.helpers[undo.id] = self._signaller.helper
        self.seconds = int(fault.step.hold_seconds + SPARE_SECONDS) + 1

    def undos(self) -> tuple[Undo, ...]:
        """End what carries the mark, in each target."""
        return tuple(
            self._fault.undo("end_processes", one.service, one.number, mark=self._fault.mark)
            for one in self._fault.targets
        )

    def start_stress_ng(self, replica: Replica, arguments: Sequence[str], folder: str = "/dev/shm") -> None:  # noqa: S108 - a container's own
        """Run stress-ng in a target; `folder` takes its temporary files and goes with them."""
        mark = self._fault.mark
        half = len(mark) // 2
        argv = [
            "sh",
            "-c",
            STRESS_NG,
            "sh",
            folder,
            mark[:half],
            mark[half:],
            *arguments,
            "--timeout",
            f"{self.seconds}s",
        ]
        self._fault.lab.engine.execute_detached(replica.id, argv, self._fault.user(replica))

    def start_quiet(self, replica: Replica, script: str, *arguments: str) -> None:
        """As `start_script`, but nobody listens to it."""
        argv = ["sh", "-c", script, "sh", self._fault.mark, str(self.seconds), *arguments]
        self._fault.lab.engine.execute_detached(replica.id, argv, self._fault.user(replica))

    def start_script(self, replica: Replica, script: str, *arguments: str) -> "Attached":
        """Run a shell script in a target, its arguments the mark, its time limit in seconds, and then these; return what it says."""
        argv = ["sh", "-c", script, "sh", self._fault.mark, str(self.seconds), *arguments]
        return self._fault.lab.engine.execute_attached(replica.id, argv, self._fault.user(replica))

    def running(self, replica: Replica) -> int:
        """Count a target's processes that carry the mark."""
        return sum(self._fault.mark in process.command for process in self._fault.lab.processes(replica))

    def await_started(self) -> None:
        """Wait until one runs in each target. Raises NotProvable when one does not."""
        for replica in self._fault.targets:
            try:
                self._fault.lab.history.wait(
                    lambda one=replica: self.running(one) or None,  # type: ignore[misc]
                    STARTED_SECONDS,
                    f"the start of the stressor in {replica}",
                )
            except WaitTimeout as error:
                raise NotProvable(str(error)) from error

    def gone(self) -> Finding:
        """Find stressors that outlived their fault, and end them. `measured`: how many processes had to be ended."""
        outlived: dict[str, int] = {}
        for replica in self._fault.targets:
            fresh = self._fault.now(replica)
            if fresh is not None and fresh.running and (left := self.running(fresh)):
                outlived[str(replica)] = left
        results = [carry_out(undo, self._fault.lab.reach) for undo in self.undos()] if outlived else []
        return ended(outlived, [result.note for result in results if not result.clean])

    def close(self) -> None:
        """Let nobody ask the helper any more."""
        for undo in self.undos():
            self._fault.lab.helpers.pop(undo.id, None)


def check_memory(replica: Replica, used_bytes: int) -> None:
    """Raise CannotInject when stress-ng does not fit beside what the container uses: the kernel would kill one of them."""
    if replica.memory_bytes and used_bytes + STRESS_NG_BYTES > replica.memory_bytes:
        raise CannotInject(
            f"stress-ng takes about {STRESS_NG_BYTES >> 20} MiB inside {replica}, which uses {used_bytes >> 20} MiB of its"
            f" {replica.memory_bytes >> 20} MiB",
            remedy="a higher mem_limit",
        )


def ended(outlived: dict[str, int], failed: Sequence[str]) -> Finding:
    """Judge the end of the stressors: what outlived its fault must have been ended by now."""
    said = ", ".join(f"{count} in {name} outlived the fault and had to be ended" for name, count in outlived.items())
    finding = Finding(sum(outlived.values()), "0 left", "stressor processes", proven=not failed, detail=said)
    return finding.refused("; ".join(failed)) if failed else finding
