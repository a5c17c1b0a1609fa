"""The shell script that lowers a running process's open-file limit, on a real process with holes among its descriptors."""

import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from chaoslab.faults.fds import LOWER
from chaoslab.undo.shell import SERVICE

HOLES = (4, 6, 7, 40)
TARGET = f"""
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
null = os.open(os.devnull, os.O_RDONLY)
for number in range(null + 1, 51):
    os.dup2(null, number)
for number in {HOLES}:
    os.close(number)
print("ready", flush=True)
for _ in sys.stdin:
    opened = 0
    try:
        while True:
            os.dup(null)
            opened += 1
    except OSError as error:
        print(opened, error.errno, flush=True)
"""
"""Has 0 to 50 open, but for the holes: 47 in all. Each line makes it open as many as it can."""
EMFILE = 24

# The script is what runs inside Linux containers, so on a developer's Mac there is nothing to run it on.
pytestmark = pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit (util-linux) is not on this machine")


@pytest.fixture
def target() -> Iterator["subprocess.Popen[str]"]:
    """Give the process, ready."""
    with subprocess.Popen(
        [sys.executable, "-c", TARGET], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()


def lowered(process: "subprocess.Popen[str]", left: int, permille: int) -> int:
    """Run the script against that process instead of a container's first one; returns the limit it set."""
    script = LOWER.replace(SERVICE, f"p={process.pid}\n")
    assert script != LOWER
    said = subprocess.run(
        ["sh", "-c", script, "sh", str(left), str(permille)], capture_output=True, text=True, check=True
    )
    return int(said.stdout.removeprefix("limit "))


def openable(process: "subprocess.Popen[str]") -> tuple[int, int]:
    """Let it open as many as it can: how many, and the error that ended it."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("more\n")
    process.stdin.flush()
    opened, error = process.stdout.readline().split()
    return int(opened), int(error)


@pytest.mark.parametrize(
    ("left", "permille", "limit", "fit"),
    [
        (0, 0, 4, 0),
        (1, 0, 6, 1),
        (3, 0, 40, 3),
        (5, 0, 52, 5),
        (0, 900, 52, 5),
        (0, 950, 7, 2),
        (0, 990, 4, 0),
    ],
    ids=["none", "one", "up to the last hole", "beyond all holes", "90% in use", "95% in use", "99% in use"],
)
def test_the_limit_bites_where_descriptors_have_holes(
    target: "subprocess.Popen[str]", left: int, permille: int, limit: int, fit: int
) -> None:
    """It is the lowest number after as many free ones as are left, so that exactly these can be opened and no more."""
    assert lowered(target, left, permille) == limit
    assert openable(target) == (fit, EMFILE)
