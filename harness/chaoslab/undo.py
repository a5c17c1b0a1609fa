"""Puts things back: undo records (data) and the one interpreter that runs them.

Normal reverts, Ctrl-C, the guard and `chaoslab recover` all come through here. Every verb is idempotent, has its own
deadline, does not look at the stop flag, and reports what it found; a failed one is collected, never swallowed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from chaoslab.errors import ChaoslabError, LabError, ToolError
from chaoslab.model.history import Undo, UndoResult
from chaoslab.model.replica import Replica
from chaoslab.store import History, Journal, WaitTimeout
from chaoslab.tools.attached import Attached
from chaoslab.tools.compose import Compose
from chaoslab.tools.engine import Engine, Helper
from chaoslab.tools.toxiproxy import Toxiproxy

RESTART_POLICY_SECONDS = 8.0
HEALTHY_SECONDS = 30.0
COMPOSE_SECONDS = 60
HELPER_SECONDS = 8.0
COUNTED_FROM_THE_CALL = frozenset({"start", "ensure_running", "recreate"})
"""Recovery from these counts from when they were asked for: starting is part of coming back."""


@dataclass
class Reach:
    """What the interpreter works with: the doors to one lab, and the live helpers by undo id that can act at once."""

    project: str
    image: str
    engine: Engine
    compose: Compose
    history: History
    toxiproxy: Toxiproxy | None = None
    helpers: dict[str, Attached] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def replica(self, undo: Undo) -> Replica | None:
        """Return the container that an undo names, whatever its id is by now."""
        found = self.engine.replicas(self.project, undo.service)
        return next((replica for replica in found if replica.number == (undo.replica or replica.number)), None)

    def present(self, undo: Undo) -> Replica:
        """As `replica`, but recreate the service when the container is gone."""
        if replica := self.replica(undo):
            return replica
        self.compose.up(COMPOSE_SECONDS, [undo.service])
        if replica := self.replica(undo):
            return replica
        raise LabError(f"{undo.service}[{undo.replica}] is gone and compose did not bring it back")

    def toxics(self) -> Toxiproxy:
        """Return Toxiproxy's door. Raises LabError while the lab has none that answers."""
        if self.toxiproxy is None:
            raise LabError(
                "Toxiproxy is not reachable, so its toxics cannot be read", remedy="`chaoslab recover` once it runs"
            )
        return self.toxiproxy


def carry_out(undo: Undo, reach: Reach) -> UndoResult:
    """Run one undo. Never raises: what went wrong is the result's note, with `clean` False."""
    before = reach.history.now_ns()
    try:
        note = VERBS[undo.verb](undo, reach)
    except (ChaoslabError, WaitTimeout) as error:
        return UndoResult(undo, reach.history.now_ns(), 0, clean=False, note=str(error))
    after = reach.history.now_ns()
    if undo.verb in COUNTED_FROM_THE_CALL:
        return UndoResult(undo, before, reach.history.tie.error_ns, clean=True, note=note)
    return UndoResult(
        undo, (before + after) // 2, (after - before) // 2 + reach.history.tie.error_ns, clean=True, note=note
    )


class UndoStack:
    """The undos of a run that are still to do. What is pushed is on disk before the fault is injected."""

    def __init__(self, journal: Journal, reach: Reach) -> None:
        self._journal = journal
        self._reach = reach
        self._open: list[Undo] = []

    @property
    def pending(self) -> tuple[Undo, ...]:
        """What was pushed and not yet carried out cleanly."""
        return tuple(self._open)

    def push(self, undos: Iterable[Undo]) -> None:
        """Journal undos. Raises LabError when the disk does not take them: then nothing may be injected."""
        for undo in undos:
            self._journal.open(undo)
            self._open.append(undo)

    def carry_out(self, undos: Iterable[Undo]) -> list[UndoResult]:
        """Run these, last pushed first, and take the clean ones off."""
        wanted = {undo.id for undo in undos}
        results = []
        for undo in [undo for undo in reversed(self._open) if undo.id in wanted]:
            result = carry_out(undo, self._reach)
            result = self._tick_off(result)
            results.append(result)
        return results

    def unwind(self) -> list[UndoResult]:
        """Run everything that is left, in reverse."""
        return self.carry_out(self.pending)

    def _tick_off(self, result: UndoResult) -> UndoResult:
        if result.clean:
            self._open.remove(result.undo)
        try:
            self._journal.done(result.undo.id, clean=result.clean)
        except LabError as error:  # the disk is full: the thing is put back all the same
            return replace(result, note=f"{result.note}; {error.message}".lstrip("; "))
        return result


def _remove_toxic(undo: Undo, reach: Reach) -> str:
    reach.toxics().remove_toxic(undo.wanted["link"], undo.wanted["toxic"])
    return "removed"


def _enable_proxy(undo: Undo, reach: Reach) -> str:
    reach.toxics().set_enabled(undo.wanted["link"], enabled=True)
    return "enabled"


def _create_proxy(undo: Undo, reach: Reach) -> str:
    reach.toxics().create(undo.wanted["link"], undo.wanted["listen"], undo.wanted["upstream"])
    return "created"


def _start(undo: Undo, reach: Reach) -> str:
    replica = reach.present(undo)
    if replica.state == "paused":
        reach.engine.unpause(replica.id)
    if not replica.running:
        reach.engine.start(replica.id)
        return f"started (was {replica.state})"
    return "was running"


def _unpause(undo: Undo, reach: Reach) -> str:
    replica = reach.replica(undo)
    if replica is None or replica.state != "paused":
        return "was not paused"
    reach.engine.unpause(replica.id)
    return "unpaused"


def _ensure_running(undo: Undo, reach: Reach) -> str:
    """Leave the restart policy its time, then start what it did not."""

    def running() -> bool | None:
        replica = reach.replica(undo)
        return True if replica and replica.running else None

    if running():
        return "was running"
    try:
        reach.history.wait(running, RESTART_POLICY_SECONDS, "a restart by the policy", heed_stop=False)
    except WaitTimeout:
        return _start(undo, reach) + "; the restart policy did not"
    return "restarted by its policy"


def _wait_healthy(undo: Undo, reach: Reach) -> str:
    """Wait for the health check; what stays unhealthy is recreated."""

    def healthy() -> bool | None:
        replica = reach.replica(undo)
        return True if replica and replica.running and replica.health in ("healthy", "none") else None

    try:
        reach.history.wait(
            healthy, undo.wanted.get("seconds", HEALTHY_SECONDS), f"a healthy {undo.service}", heed_stop=False
        )
    except WaitTimeout:
        return _recreate(undo, reach)
    return "healthy"


def _recreate(undo: Undo, reach: Reach) -> str:
    reach.compose.recreate(undo.service, COMPOSE_SECONDS)
    return "recreated"


def _remove_rules(undo: Undo, reach: Reach) -> str:
    """Ask the helper that holds the rules, else a fresh one in the same network namespace; a new namespace holds none."""
    replica = reach.replica(undo)
    if replica is None or not replica.running:
        return "its network namespace is gone, and the rules with it"
    with _asking(reach, undo, _in_namespace(reach, replica)) as helper:
        answer = _answer(helper, {"do": "remove", "prefix": undo.wanted["mark"]})
    if answer["left"]:
        raise LabError(f"{answer['left']} packet rules cannot be removed from {replica}")
    return f"{answer['removed']} rules removed"


def _continue_process(undo: Undo, reach: Reach) -> str:
    replica = reach.replica(undo)
    if replica is None or not replica.running:
        return "its process is gone"
    with _asking(reach, undo, _in_pid_namespace(reach)) as helper:
        answer = _answer(helper, {"do": "send", "containers": [replica.id], "signal": "SIGCONT", "everyone": True})
    if answer["failed"] and reach.replica(undo) == replica:
        raise LabError(f"{replica} cannot be set going: {answer['failed']}")
    return "set going"


def _end_processes(undo: Undo, reach: Reach) -> str:
    """Kill what carries our mark in a container, by the host's process ids."""
    replica = reach.replica(undo)
    if replica is None or not replica.running:
        return "its processes are gone"
    left = _marked(reach, replica, undo.wanted["mark"])
    if not left:
        return "none was left"
    with _asking(reach, undo, _in_pid_namespace(reach)) as helper:
        for pid in left:
            helper.ask({"do": "open", "pid": pid, "container": replica.id}, HELPER_SECONDS)
            helper.ask({"do": "send", "containers": [replica.id], "signal": "SIGKILL"}, HELPER_SECONDS)
    reach.history.wait(
        lambda: None if _marked(reach, replica, undo.wanted["mark"]) else True,
        HELPER_SECONDS,
        f"the end of our processes in {replica}",
        heed_stop=False,
    )
    return f"{len(left)} ended"


def count_rules(reach: Reach, replica: Replica) -> int:
    """Count the marks of packet rules of ours in a container's network namespace (a helper container: about 0.4 s)."""
    with closing(_in_namespace(reach, replica)()) as helper:
        _answer(helper, None)
        return len(_answer(helper, {"do": "marks", "prefix": "chaoslab-"})["marks"])


def _marked(reach: Reach, replica: Replica, mark: str) -> list[int]:
    return [int(row["pid"]) for row in reach.engine.processes(replica.id) if mark in row["args"]]


def _in_namespace(reach: Reach, replica: Replica) -> Callable[[], Attached]:
    """Say how to start the packet-rule helper in a container's network namespace."""
    return lambda: reach.engine.start_helper(
        Helper(
            reach.project,
            reach.image,
            "netfilter",
            ("chaoslab-undo", str(HELPER_SECONDS)),
            network=f"container:{replica.id}",
            capabilities=("NET_ADMIN", "NET_RAW"),
            labels=reach.labels,
        )
    )


def _in_pid_namespace(reach: Reach) -> Callable[[], Attached]:
    """Say how to start the signalling helper, which sees the engine host's processes."""
    return lambda: reach.engine.start_helper(
        Helper(
            reach.project,
            reach.image,
            "signaller",
            pid_mode="host",
            capabilities=("KILL",),
            labels=reach.labels,
        )
    )


@contextmanager
def _asking(reach: Reach, undo: Undo, start: Callable[[], Attached]) -> Iterator[Attached]:
    """Give the live helper that belongs to an undo, else a fresh one that ends with the use."""
    if live := reach.helpers.get(undo.id):
        yield live
        return
    helper = start()
    try:
        _answer(helper, None)
        yield helper
    finally:
        helper.end_input()
        helper.close()


def _answer(helper: Attached, request: dict[str, object] | None) -> dict[str, Any]:
    """Ask a helper (None: wait for its greeting). Raises ToolError with the helper's own error."""
    answer = helper.receive(HELPER_SECONDS) if request is None else helper.ask(request, HELPER_SECONDS)
    if not answer or "error" in answer:
        raise ToolError(f"helper {helper.name}: {answer['error'] if answer else 'ended without a word'}")
    return dict(answer)


def _remove_helper(undo: Undo, reach: Reach) -> str:
    reach.engine.remove(undo.wanted["container"])
    return "removed"


VERBS: dict[str, Callable[[Undo, Reach], str]] = {
    "remove_toxic": _remove_toxic,
    "enable_proxy": _enable_proxy,
    "create_proxy": _create_proxy,
    "start": _start,
    "unpause": _unpause,
    "ensure_running": _ensure_running,
    "wait_healthy": _wait_healthy,
    "recreate": _recreate,
    "remove_rules": _remove_rules,
    "continue_process": _continue_process,
    "end_processes": _end_processes,
    "remove_helper": _remove_helper,
}
