"""What the tests of accidents share: a run that holds its faults, ways to end it, and what the lab must be afterwards."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.lab_cli import PROJECT, Cli, docker, suite


def until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for a condition and return how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"{what} did not happen within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began


def held(cli: Cli, tmp_path: Path, *faults: dict[str, object], more: Sequence[str] = ()) -> "subprocess.Popen[str]":
    """Start a run that holds its faults for a long time, and wait until they are there. `more`: further arguments."""
    scenario = {"id": "A-001", "name": "Held", "faults": list(faults), "expect": [{"measure": "lost", "max": 10_000}]}
    process = cli.start("run", suite(tmp_path, scenario), *more, "--profile", "full", "--results", str(cli.results))
    path = cli.results / "latest" / "events.jsonl"
    until(lambda: path.exists() and path.read_text().count('"injected"') == len(faults), 60, "the injection")
    return process


def kill_with_guard(process: "subprocess.Popen[str]") -> None:
    """Kill a run and the guard that it started, so that nobody is left to act."""
    guard = subprocess.run(
        ["pgrep", "-P", str(process.pid), "-f", "chaoslab guard"], capture_output=True, text=True, check=True
    )
    for pid in (*map(int, guard.stdout.split()), process.pid):
        os.kill(pid, signal.SIGKILL)


def is_clean(cli: Cli) -> None:
    """The lab compares clean, and nothing of ours runs."""
    done = cli.run("status")
    assert done.code == 0, done.said
    assert docker("ps", "-aq", "--filter", f"label=chaoslab.helper={PROJECT}") == ""
