"""Ends a run from another terminal: who holds the lab's lock is asked to stop, as Ctrl-C there would."""

import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chaoslab.clock import Clock
from chaoslab.errors import LabError
from chaoslab.lab.lock import OWNER, describe, lock_name
from chaoslab.store import WaitTimeout
from chaoslab.tools.engine import Engine


@dataclass(frozen=True)
class Holder:
    """Who holds a lab's lock, as the lock's labels say."""

    host: str
    pid: int
    command: str
    told: str


def holder(engine: Engine, project: str) -> Holder | None:
    """Read the lock; None when the lab is free."""
    held = engine.inspect_raw(lock_name(project))
    return None if held is None else holder_of(held["Config"].get("Labels") or {})


def holder_of(labels: Mapping[str, str]) -> Holder:
    """Read the lock's labels; a pid that is none is 0."""
    pid = labels.get(OWNER + "pid", "")
    return Holder(
        labels.get(OWNER + "host", ""),
        int(pid) if pid.isdecimal() else 0,
        labels.get(OWNER + "command", ""),
        describe(labels),
    )


def ask_to_stop(held: Holder) -> None:
    """Send SIGINT to the holder. Raises LabError when it is on another machine, not ours to end, or gone."""
    if held.command == "guard":
        raise LabError(f"a guard is putting the lab right, which must not be ended: {held.told}", remedy="wait for it")
    if held.host != socket.gethostname():
        raise LabError(
            f"the run is on another machine: {held.told}", remedy=f"`kill -INT {held.pid}` on {held.host} ends it"
        )
    gone = LabError(
        f"the run is gone already: {held.told}",
        remedy="its observer ends within 10 s; `chaoslab recover` then puts the rest right",
    )
    if held.pid <= 1 or not _is_chaoslab(held.pid):
        raise gone
    try:
        os.kill(held.pid, signal.SIGINT)
    except ProcessLookupError as error:
        raise gone from error
    except PermissionError as error:
        raise LabError(
            f"the run belongs to another user: {held.told}", remedy=f"`sudo kill -INT {held.pid}` ends it"
        ) from error


def await_end(engine: Engine, project: str, clock: Clock, seconds: float) -> None:
    """Wait until the lab is free. Raises WaitTimeout."""
    deadline = clock.now_ns() + int(seconds * 1e9)
    while (held := holder(engine, project)) is not None:
        if clock.now_ns() > deadline:
            raise WaitTimeout(f"the end of {held.told} did not come within {seconds:g} s")
        clock.sleep(0.1)


def _is_chaoslab(pid: int) -> bool:
    """Whether that process is one of ours, as far as this system tells: a number may have been given anew."""
    try:
        return b"chaoslab" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return not Path("/proc/self").exists()
    except OSError:
        return True
