"""Who holds a lab's lock, and whether it may be asked to stop from here."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from chaoslab.clock import SystemClock
from chaoslab.errors import LabError
from chaoslab.lab.abort import Holder, ask_to_stop, holder_of
from chaoslab.lab.lock import owner_labels


def held(**keys: str) -> Holder:
    """Make a holder of this process's labels, but for some."""
    labels = owner_labels("run", SystemClock())
    return holder_of({**labels, **{f"chaoslab.owner.{key}": value for key, value in keys.items()}})


def test_the_labels_say_who() -> None:
    """Host, process and command come from the lock's labels."""
    found = held()
    assert (found.host, found.pid, found.command) == (socket.gethostname(), os.getpid(), "run")
    assert f"process {os.getpid()}" in found.told


def test_a_run_here_gets_the_signal_of_ctrl_c() -> None:
    """The holder's process ends by SIGINT, like by Ctrl-C."""
    process = subprocess.Popen([sys.executable, "-c", "import signal; print(1, flush=True); signal.pause()", "chaoslab"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    ask_to_stop(held(pid=str(process.pid)))
    process.communicate(timeout=10)
    assert process.returncode in (-signal.SIGINT, 1)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"host": "elsewhere", "pid": "77"}, "`kill -INT 77` on elsewhere"),
        ({"command": "guard"}, "wait for it"),
        ({"pid": "4194999"}, "`chaoslab recover`"),
        ({"pid": "nonsense"}, "`chaoslab recover`"),
        ({"pid": "1"}, "`chaoslab recover`"),
    ],
)
def test_what_cannot_be_asked(keys: dict[str, str], said: str) -> None:
    """Another machine, a guard at work and a run that is gone are told with what to do instead."""
    with pytest.raises(LabError) as caught:
        ask_to_stop(held(**keys))
    assert said in str(caught.value)


def test_a_process_that_is_not_ours_is_left_alone() -> None:
    """A number that was given to another program since is not signalled."""
    process = subprocess.Popen(["sleep", "60"])
    try:
        with pytest.raises(LabError, match="gone already"):
            ask_to_stop(held(pid=str(process.pid)))
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
