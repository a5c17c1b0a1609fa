"""What is seen inside a container, read from a recorded answer (Docker Engine 20.10, a container with a fill file and a moved clock)."""

from pathlib import Path

from chaoslab.lab.clean import Inside
from chaoslab.lab.look import read_inside

RECORDED = (Path(__file__).parents[2] / "recorded" / "look-inside.txt").read_text()


def test_limits_files_clock_and_user_are_read() -> None:
    """A file that two globs find is one file."""
    assert read_inside(RECORDED) == Inside(100, 20_000, ("/data/chaoslab-run-X.fill",), "+12.5", "10001:10001")


def test_nothing_left_is_nothing_seen() -> None:
    """Without files and clock, and with unlimited open files."""
    assert read_inside("nofile unlimited\ndeclared unlimited\nuid 0\ngid 0\n") == Inside(user="0:0")
