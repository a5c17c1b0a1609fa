"""Spawns the guard: a detached process that puts the lab right when this one dies without doing so itself."""

import contextlib
import subprocess
import sys
from collections.abc import Sequence

ALL_WELL = b"all well\n"


class GuardProcess:
    """A guard at the other end of a pipe: when the pipe ends without `ALL_WELL`, it goes to work (`chaoslab guard`)."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chaoslab", "guard", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """Tell it that all is well and wait until it is gone."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it is gone already: nothing to tell
            self._process.stdin.write(ALL_WELL)
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)


def needed(stdin: object) -> bool:
    """Read the pipe to its end (in the guard) and say whether the harness went without a word."""
    return ALL_WELL not in stdin.read()  # type: ignore[attr-defined]
