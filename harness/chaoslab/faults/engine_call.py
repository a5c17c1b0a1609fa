"""What kill, stop and restart share: an engine call that may take its time, and the instant at which each process ended."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from chaoslab.errors import ChaoslabError
from chaoslab.faults.fault import Fault, Finding
from chaoslab.faults.signals import Sent, Signaller
from chaoslab.model.replica import Replica

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab

AT_ONCE = 8
CALL_RETURNS_SECONDS = 3.0
"""The engine's call returns about 130 ms after the process is dead: its end is not waited for."""


class EngineCall:
    """One engine call for each target at once, in threads, with pidfds that stamp the ends."""

    def __init__(self, fault: Fault[Any], chosen: Sequence[Replica]) -> None:
        self._lab: Lab = fault.lab
        self.targets = tuple(chosen)
        self._signaller = Signaller(fault)
        for replica in self.targets:
            self._signaller.watch(replica)
        self._calls: list[Future[None]] = []
        self.sent = Sent(0, 0, 0)
        self.exits: dict[str, int] = {}

    def make(self, call: Callable[[Replica], None], limit_seconds: float) -> int:
        """Call, then wait until every watched process has ended. Returns the first end (the call's instant when none came)."""
        pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="chaoslab-engine")
        self.sent = Sent(self._lab.history.now_ns(), self._lab.history.tie.error_ns, len(self.targets))
        self._calls = [pool.submit(call, replica) for replica in self.targets]
        pool.shutdown(wait=False)
        self.exits = self._signaller.exits(self.targets, limit_seconds)
        if len(self.exits) < len(self.targets):
            self.finish()
        return min(self.exits.values(), default=self.sent.at_ns)

    def finish(self) -> None:
        """Wait until the calls have returned. Raises what one of them raised."""
        self._lab.history.wait(
            lambda: True if all(call.done() for call in self._calls) else None,
            CALL_RETURNS_SECONDS,
            "the engine's answer",
        )
        for call in self._calls:
            call.result()

    def now(self) -> list[Replica]:
        """Return the targets as they are now."""
        return [self._lab.replica(replica.service, replica.number) for replica in self.targets]


def stopped(sent: Sent, exits: dict[str, int], after: Sequence[Replica], limit_ms: float, code: int | None) -> Finding:
    """Judge kill and stop: every process ended within `limit_ms`, its container stays down, with that exit code (None: any).

    `measured`: the slowest end, in ms after the call.
    """
    expected = f"down within {limit_ms:g} ms" + ("" if code is None else f", exit code {code}")
    took = {name: max(0.0, (end - sent.at_ns) / 1e6) for name, end in exits.items()}
    said = ", ".join(f"{replica} {replica.state} with exit code {replica.exit_code}" for replica in after)
    slowest = max(took.values(), default=None)
    finding = Finding(slowest, expected, "ms", proven=slowest is not None and slowest <= limit_ms, detail=said)
    alive = [str(replica) for replica in after if str(replica) not in exits or replica.state != "exited"]
    if alive:
        return finding.refused(f"{', '.join(alive)} is not down")
    if code is not None and any(replica.exit_code != code for replica in after):
        return finding.refused("it ended in another way than by the signal")
    return finding


def running_again(after: Sequence[Replica]) -> Finding:
    """Judge the clean state: every target runs."""
    up = sum(replica.running for replica in after)
    return Finding(up, f"{len(after)} running", "replicas", proven=up == len(after))


def finish_quietly(call: EngineCall) -> str:
    """Finish a call whose effect was seen; return what it complained about."""
    try:
        call.finish()
    except (ChaoslabError, TimeoutError) as error:
        return str(error)
    return ""
