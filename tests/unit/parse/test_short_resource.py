"""The short form of resource faults: which fault each resource and threshold means."""

from pathlib import Path
from typing import Any

import pytest

from chaoslab.errors import InputError
from chaoslab.model.suite import Scenario
from chaoslab.parse import parse_suites
from chaoslab.vocabulary import vocabulary
from unit.parse.words import suite, written


def read(folder: Path, **short: Any) -> Scenario:
    """Read one short scenario with the real faults."""
    file = written(folder, suite({"id": "A", "name": "a", **short}))
    return parse_suites([file], vocabulary())[0].scenarios[0]


@pytest.mark.parametrize(
    ("short", "fault"),
    [
        ({"resource": "disk", "threshold": "95%"}, {"type": "disk", "percent": 95.0}),
        (
            {"resource": "disk", "threshold": "100%", "path": "/spool"},
            {"type": "disk", "percent": 100.0, "path": "/spool"},
        ),
        ({"resource": "memory", "threshold": "95%"}, {"type": "memory", "percent": 95.0}),
        ({"resource": "memory", "threshold": 90}, {"type": "memory", "percent": 90.0}),
        ({"resource": "cpu", "threshold": "100%"}, {"type": "cpu", "percent": 100.0}),
        ({"resource": "cpu"}, {"type": "cpu", "percent": 100.0}),
        ({"resource": "file_descriptors", "threshold": "ulimit"}, {"type": "fds", "left": 0, "percent": None}),
        ({"resource": "file_descriptors", "threshold": "100%"}, {"type": "fds", "left": 0, "percent": None}),
        ({"resource": "file_descriptors", "threshold": "90%"}, {"type": "fds", "left": None, "percent": 90.0}),
        ({"resource": "vram", "threshold": "100%"}, {"type": "vram", "percent": 100.0}),
        ({"resource": "pids", "threshold": "ulimit"}, {"type": "pids", "left": 0}),
        ({"resource": "connections", "threshold": 500}, {"type": "connections", "number": 500}),
        ({"resource": "io", "threshold": 3}, {"type": "io", "workers": 3}),
        ({"resource": "fds", "threshold": " 50 % "}, {"type": "fds", "percent": 50.0}),
    ],
)
def test_each_threshold_says_its_fault(tmp_path: Path, short: dict[str, Any], fault: dict[str, Any]) -> None:
    """The fault of that resource, with the share or the number asked for, held for the duration."""
    found = read(tmp_path, **short, target="w", duration_seconds=7).faults[0].model_dump()
    assert {key: found[key] for key in fault} == fault
    assert (found["target"], found["for_seconds"]) == ("w", 7.0)


@pytest.mark.parametrize("threshold", ["100%", "ulimit", "oom", 100])
def test_memory_at_its_limit_is_what_the_kernel_makes_of_it(tmp_path: Path, threshold: Any) -> None:
    """An OOM kill has no hold: the duration is the time to recover."""
    found = read(tmp_path, resource="memory", target="w", threshold=threshold, duration_seconds=45, count="50%")
    assert (found.faults[0].type, found.recovery_deadline_seconds) == ("oom", 45.0)
    assert found.faults[0].model_dump()["count"] == "50%"


@pytest.mark.parametrize(
    ("short", "problem"),
    [
        ({"resource": "memory", "threshold": "lots"}, '.threshold: must be a number, not "lots"'),
        ({"resource": "cpu", "threshold": "150%"}, ".threshold: must be at most 100, not"),
        ({"resource": "connections", "threshold": "95%"}, ".threshold: must be a whole number"),
        ({"resource": "cpus", "threshold": "95%"}, '.resource: unknown fault type "cpus"'),
        ({"resource": "vram", "threshold": True}, ".threshold: must be a number"),
    ],
)
def test_wrong_thresholds_are_told_where_they_stand(tmp_path: Path, short: dict[str, Any], problem: str) -> None:
    """Problems point at the short form's own keys."""
    with pytest.raises(InputError) as raised:
        read(tmp_path, **short, target="w")
    assert f"$.scenarios[0]{problem}" in str(raised.value)
