"""The verbs that give resources back: limits, open-file limits, files, clocks, and what a request of the application's own puts right."""

from typing import Any

from chaoslab.errors import ChaoslabError, LabError, ToolError
from chaoslab.model.history import Undo
from chaoslab.model.replica import Replica
from chaoslab.store import WaitTimeout
from chaoslab.undo.reach import Reach
from chaoslab.undo.shell import REMOVE, SET_NOFILE, WRITE_CLOCK

ANSWER_SECONDS = 8.0
"""How long a service that does not answer is asked again: its own fault, or a restart, may not be over yet."""
LIMITS = {"nano_cpus": "NanoCpus", "cpu_quota": "CpuQuota", "pids_limit": "PidsLimit"}
OK = (200, 201, 202, 204)


def set_limits(undo: Undo, reach: Reach) -> str:
    """Set limits of a container, running or not; they outlast a restart."""
    replica = reach.replica(undo)
    if replica is None:
        return "its container is gone, and the limit with it"
    limits = {name: value for name, value in undo.wanted.items() if name in LIMITS}
    reach.engine.update(replica.id, **{LIMITS[name]: value for name, value in limits.items()})
    fresh = reach.replica(undo)
    if fresh is None:
        return "its container is gone, and the limit with it"
    other = [name for name, value in limits.items() if max(0, getattr(fresh, name)) != max(0, value)]
    if other:
        raise LabError(f"the engine did not set {', '.join(other)} of {replica}", remedy="recreate its service")
    return "set"


def set_fd_limit(undo: Undo, reach: Reach) -> str:
    """Set the soft limit of open files of a running service; a restarted one has its own again, and setting it changes nothing."""
    replica = reach.replica(undo)
    if replica is None or not replica.running:
        return "its process is gone, and the limit with it"
    _inside(reach, replica, undo, SET_NOFILE, str(undo.wanted["soft"]))
    return "set"


def remove_files(undo: Undo, reach: Reach) -> str:
    """Remove files of ours; those on a tmpfs go with their container."""
    replica = reach.replica(undo)
    if replica is None:
        return "its container is gone"
    if not replica.running:
        raise LabError(f"{replica} is {replica.state}: files of ours may be left on its volumes", remedy="start it")
    _inside(reach, replica, undo, REMOVE, *undo.wanted["paths"])
    return "removed"


def write_clock(undo: Undo, reach: Reach) -> str:
    """Write a libfaketime control file."""
    replica = reach.replica(undo)
    if replica is None or not replica.running:
        return "its process is gone; a control file on a tmpfs goes with it"
    _inside(reach, replica, undo, WRITE_CLOCK, undo.wanted["file"], undo.wanted["offset"])
    return "written"


def http_request(undo: Undo, reach: Reach) -> str:
    """Send a request to a service until it is answered well, at most ANSWER_SECONDS."""
    if reach.request is None:
        raise LabError("no observer runs that could send the request", remedy="`chaoslab recover` while the lab is up")
    wanted, last = undo.wanted, "no answer"
    url = f"{undo.service}[{undo.replica}]:{wanted['port']}{wanted['path']}"

    def answered() -> int | None:
        nonlocal last
        try:
            reply: Any = reach.request(  # type: ignore[misc]
                wanted["method"], url, body=wanted.get("body"), headers=wanted.get("headers") or {}
            )
        except ChaoslabError as error:
            last = error.message
            return None
        last = f"{reply.status} {reply.body[:100]}"
        return reply.status if reply.status in wanted.get("expect_status", OK) else None

    try:
        status = reach.history.wait(
            answered, ANSWER_SECONDS, f"a good answer to {wanted['method']} {url}", heed_stop=False
        )
    except WaitTimeout as error:
        raise LabError(f"{error}; last: {last}") from error
    return f"answered {status}"


def _inside(reach: Reach, replica: Replica, undo: Undo, script: str, *arguments: str) -> None:
    """Run a script as the service's own user. A target that ends meanwhile takes with it what was to be put back."""
    try:
        code, output = reach.engine.execute(
            replica.id, ["sh", "-c", script, "sh", *arguments], undo.wanted.get("user", "")
        )
    except ToolError:
        fresh = reach.replica(undo)
        if fresh is None or (fresh.started_at, fresh.running) != (replica.started_at, True):
            return
        raise
    if code:
        raise ToolError(f"inside {replica}: {output.strip()[:300] or f'exit code {code}'}", code=code, output=output)
