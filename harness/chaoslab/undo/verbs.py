"""Every verb that an undo may name. Each is idempotent, has its own deadline, and returns a note on what it found."""

from collections.abc import Callable

from chaoslab.errors import LabError
from chaoslab.model.history import Undo
from chaoslab.model.replica import Replica
from chaoslab.store import WaitTimeout
from chaoslab.tools.attached import Attached
from chaoslab.undo import resources
from chaoslab.undo.helpers import HELPER_SECONDS, answered, asking, in_namespace, process_helper, processes
from chaoslab.undo.network import close_connections, connect_network, remove_qdisc
from chaoslab.undo.reach import COMPOSE_SECONDS, Reach

RESTART_POLICY_SECONDS = 8.0
HEALTHY_SECONDS = 30.0
COUNTED_FROM_THE_CALL = frozenset({"start", "ensure_running", "recreate"})
"""Recovery from these counts from when they were asked for: starting is part of coming back."""


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
    reach.compose.recreate((undo.service,), COMPOSE_SECONDS)
    return "recreated"


def _remove_rules(undo: Undo, reach: Reach) -> str:
    """Ask the helper that holds the rules, else a fresh one in the same network namespace; a new namespace holds none."""
    replica = reach.replica(undo)
    if replica is None or not replica.running:
        return "its network namespace is gone, and the rules with it"
    with asking(reach, undo, in_namespace(reach, replica)) as helper:
        answer = answered(helper, {"do": "remove", "prefix": undo.wanted["mark"]})
    if answer["left"]:
        raise LabError(f"{answer['left']} packet rules cannot be removed from {replica}")
    return f"{answer['removed']} rules removed"


def _continue_process(undo: Undo, reach: Reach) -> str:
    replica = reach.replica(undo)
    if replica is None or not replica.running:
        return "its process is gone"
    helper = reach.helpers.get(undo.id) or process_helper(reach)
    answer = answered(helper, {"do": "send", "containers": [replica.id], "signal": "SIGCONT", "everyone": True})
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
    helper = process_helper(reach)
    _kill(helper, replica, left)
    reach.history.wait(
        lambda: _kill(helper, replica, _marked(reach, replica, undo.wanted["mark"])),
        HELPER_SECONDS,
        f"the end of our processes in {replica}",
        heed_stop=False,
    )
    return f"{len(left)} ended"


def _kill(helper: Attached, replica: Replica, pids: list[int]) -> bool | None:
    """Kill each of a container's processes; True when there was none. What one of them started meanwhile is seen the next time."""
    for pid in pids:
        helper.ask({"do": "open", "pid": pid, "container": replica.id}, HELPER_SECONDS)
        helper.ask({"do": "send", "containers": [replica.id], "signal": "SIGKILL"}, HELPER_SECONDS)
    return None if pids else True


def _marked(reach: Reach, replica: Replica, mark: str) -> list[int]:
    return [process.pid for process in processes(reach, [replica])[replica.id] if mark in process.command]


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
    "set_limits": resources.set_limits,
    "set_fd_limit": resources.set_fd_limit,
    "remove_files": resources.remove_files,
    "write_clock": resources.write_clock,
    "http_request": resources.http_request,
    "connect_network": connect_network,
    "remove_qdisc": remove_qdisc,
    "close_connections": close_connections,
}
