"""Signals to the processes of chosen replicas, sent and watched by the `signaller` helper; and the pure proof that they ended."""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoslab.errors import NotProvable, ToolError
from chaoslab.faults.fault import Fault, Finding, asked
from chaoslab.model.replica import Replica
from chaoslab.model.value import BadValues
from chaoslab.parse.wording import nearest

if TYPE_CHECKING:
    from chaoslab.tools.attached import Attached

WATCH_SECONDS = 0.1
PLAIN = tuple(one.name for one in signal.Signals if not one.name.startswith("SIGRT"))


@dataclass(frozen=True, slots=True)
class Sent:
    """A signal's delivery: the instant after the last one was sent and how long sending took, in lab time (ns)."""

    at_ns: int
    error_ns: int
    processes: int


class Signaller:
    """The helper that may signal the lab's processes: in the engine's PID namespace, with CAP_KILL alone."""

    def __init__(self, fault: Fault[Any]) -> None:
        self._fault = fault
        self.helper: Attached = fault.start("signaller", pid_mode="host", capabilities=("KILL",))

    def watch(self, replica: Replica) -> None:
        """Open a pidfd of a replica's first process and notice when it ends. Raises NotProvable when it is not that container's."""
        try:
            asked(self.helper, do="open", pid=replica.pid, container=replica.id)
        except ToolError as error:
            raise NotProvable(f"{replica}: {error.message}") from error

    def send(self, replicas: Sequence[Replica], name: str, *, everyone: bool = False) -> Sent:
        """Signal the watched process of each replica, or all of its processes. Raises NotProvable when one could not be signalled."""
        answer = asked(
            self.helper, do="send", containers=[replica.id for replica in replicas], signal=name, everyone=everyone
        )
        if answer["failed"]:
            raise NotProvable(f"{name} was not delivered: " + "; ".join(answer["failed"].values()))
        return Sent(answer["at_ns"], answer["error_ns"], sum(answer["sent"].values()))

    def exits(self, replicas: Sequence[Replica], seconds: float) -> dict[str, int]:
        """Wait until the watched processes have ended, at most that long; return the instants by replica, as text."""
        history = self._fault.lab.history
        deadline = history.now_ns() + int(seconds * 1e9)
        while True:
            left = max(0.0, (deadline - history.now_ns()) / 1e9)
            found = asked(self.helper, do="wait", seconds=min(WATCH_SECONDS, left))["exits"]
            ended = {str(replica): found[replica.id] for replica in replicas if replica.id in found}
            if len(ended) == len(replicas) or left <= 0:
                return ended
            history.check()

    def states(self, replica: Replica) -> dict[str, int]:
        """Count a replica's processes by state letter (T: stopped)."""
        return dict(asked(self.helper, do="states", container=replica.id)["states"])


def check_signal(name: str) -> None:
    """Raise BadValues with the nearest known name when there is no such signal."""
    if name not in PLAIN:
        raise BadValues((("signal",), f'there is no signal "{name}"', nearest(name, PLAIN)))


def ended(
    sent: Sent, exits: Mapping[str, int], targets: Sequence[str], codes: Mapping[str, int], limit_ms: float
) -> Finding:
    """Judge a crash: every process ended within `limit_ms` of the signal. `measured` is the slowest, in ms. `codes`: exit codes by target."""
    expected = f"all {len(targets)} end within {limit_ms:g} ms" if len(targets) > 1 else f"ends within {limit_ms:g} ms"
    alive = [target for target in targets if target not in exits]
    took = {target: (exits[target] - sent.at_ns) / 1e6 for target in targets if target in exits}
    slowest = max(took.values(), default=None)
    said = ", ".join(
        f"{target} ended after {max(0.0, ms):.1f} ms" + (f" with exit code {codes[target]}" if target in codes else "")
        for target, ms in took.items()
    )
    finding = Finding(
        None if slowest is None else max(0.0, slowest),
        expected,
        "ms to its end",
        proven=slowest is not None and slowest <= limit_ms,
        detail=said,
    )
    return finding.refused(f"{', '.join(alive)} still lives") if alive else finding
