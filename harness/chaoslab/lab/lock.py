"""The lab's lock: the observer's fixed container name, with labels that say who holds it."""

import getpass
import os
import socket
from collections.abc import Mapping

from chaoslab.clock import Clock, iso
from chaoslab.errors import LockHeld
from chaoslab.tools.engine import Engine

OWNER = "chaoslab.owner."
GUARD_WAIT_SECONDS = 40.0
ENDING_WAIT_SECONDS = 14.0
"""The observer of a harness that is gone ends by itself: at once with its input, after 10 s without a ping."""


def lock_name(project: str) -> str:
    """Name the one container that may observe and change a lab."""
    return f"{project}-chaoslab-observer"


def owner_labels(command: str, clock: Clock) -> dict[str, str]:
    """Say who holds the lock: user, host, process id, command, start."""
    facts = {
        "user": _user(),
        "host": socket.gethostname(),
        "pid": str(os.getpid()),
        "command": command,
        "since": iso(clock.wall()),
    }
    return {OWNER + key: value for key, value in facts.items()}


def await_free(engine: Engine, project: str, clock: Clock) -> None:
    """Return when the lab is free. Waits for a guard at work and for a holder that is gone; raises LockHeld for a live one."""
    name = lock_name(project)
    waited = 0.0
    while (held := engine.inspect_raw(name)) is not None:
        labels = held["Config"].get("Labels") or {}
        guard = labels.get(OWNER + "command") == "guard"
        alive = _alive(labels)
        limit = GUARD_WAIT_SECONDS if guard and alive else 0.0 if alive else ENDING_WAIT_SECONDS
        if waited >= limit:
            if alive:
                raise LockHeld(
                    f"this lab is in use: {describe(labels)}",
                    remedy="wait for it, or end it with Ctrl-C or `kill` there",
                )
            engine.remove(name)
            return
        clock.sleep(0.1)
        waited += 0.1


def describe(labels: Mapping[str, str]) -> str:
    """Say who holds the lock, from the container's labels."""
    known = {key: labels.get(OWNER + key, "?") for key in ("user", "host", "pid", "command", "since")}
    return "`chaoslab {command}` of {user} on {host}, process {pid}, since {since}".format(**known)


def _alive(labels: Mapping[str, str]) -> bool:
    """Whether the holder still runs; one on another machine counts as alive (its observer ends by itself when it is not)."""
    if labels.get(OWNER + "host") != socket.gethostname():
        return True
    try:
        os.kill(int(labels.get(OWNER + "pid", "0")), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, as in many CI containers
        return str(os.getuid())
