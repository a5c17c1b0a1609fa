"""Short forms, in wide use already, mean the same as a normal form."""

from pathlib import Path
from typing import Any

import pytest

from unit.parse.words import CrashSpec, ToxicSpec, parsed_scenario, problems, suite

HEAD = {"id": "A", "name": "a"}
LATENCY = {"toxic": "latency", "attributes": {"latency": 500, "jitter": 100}}


@pytest.mark.parametrize(
    ("short", "fault"),
    [
        (
            {**LATENCY, "duration_seconds": 60},
            {"type": "toxic", "link": "default", **LATENCY, "for_seconds": 60},
        ),
        (
            {**LATENCY, "proxy": "hive-proxy", "stream": "upstream", "toxicity": 0.5, "type": "network"},
            {"type": "toxic", "link": "hive-proxy", **LATENCY, "stream": "upstream", "toxicity": 0.5},
        ),
        (
            {"type": "latency", "attributes": {"latency": 1}, "link": "l", "at_seconds": 2},
            {"type": "toxic", "toxic": "latency", "attributes": {"latency": 1}, "link": "l", "at_seconds": 2},
        ),
        (
            {"toxic": "bandwidth", "attributes": {"rate": 0}, "duration_seconds": 45},
            {"type": "toxic", "toxic": "bandwidth", "attributes": {"rate": 0}, "for_seconds": 45},
        ),
        ({"target": "w", "signal": "SIGKILL"}, {"type": "crash", "target": "w", "signal": "SIGKILL"}),
        (
            {"target": "w", "signal": "SIGTERM", "timeout_seconds": 5, "count": "50%", "type": "crash"},
            {"type": "crash", "target": "w", "signal": "SIGTERM", "timeout_seconds": 5, "count": "50%"},
        ),
        ({"target": "w", "timing": "random"}, {"type": "crash", "target": "w", "timing": "random"}),
    ],
)
def test_short_equals_normal(tmp_path: Path, short: dict[str, Any], fault: dict[str, Any]) -> None:
    """A short form gives exactly the scenario that its normal form gives."""
    read = parsed_scenario(tmp_path, {**HEAD, **short})
    normal = parsed_scenario(tmp_path, {**HEAD, "faults": [fault]})
    assert read.model_dump() == normal.model_dump()


def test_descriptive_and_default_keys_go_with_a_short_form(tmp_path: Path) -> None:
    """A short scenario may have every key of a scenario, and the suite's defaults reach it."""
    keys = {"description": "d", "expected_behavior": "e", "tags": ["t"], "expect": [{"measure": "lost", "max": 0}]}
    read = parsed_scenario(tmp_path, {**HEAD, **LATENCY, **keys}, defaults={"baseline_seconds": 7})
    assert (read.description, read.expected_behavior, read.tags, read.baseline_seconds) == ("d", "e", ("t",), 7.0)
    assert read.expect[0].measure == "lost"


def test_a_crash_has_no_hold_so_its_duration_is_the_time_to_recover(tmp_path: Path) -> None:
    """`duration_seconds` of a short crash is how long recovery may take, unless the scenario says so itself."""
    crash = {**HEAD, "target": "w", "signal": "SIGKILL", "duration_seconds": 30}
    assert parsed_scenario(tmp_path, crash).recovery_deadline_seconds == 30.0
    assert parsed_scenario(tmp_path, {**crash, "recovery_deadline_seconds": 9}).recovery_deadline_seconds == 9.0
    assert isinstance(parsed_scenario(tmp_path, crash).faults[0], CrashSpec)


def test_a_link_may_stay_open(tmp_path: Path) -> None:
    """Without link or proxy the fault says `default`, which the plan resolves."""
    fault = parsed_scenario(tmp_path, {**HEAD, **LATENCY}).faults[0]
    assert isinstance(fault, ToxicSpec)
    assert fault.link == "default"


@pytest.mark.parametrize(
    ("short", "problem"),
    [
        (
            {"toxic": "latancy"},
            '.toxic: must be latency, bandwidth or timeout, not "latancy" (did you mean "latency"?)',
        ),
        ({"toxic": "latency", "attributes": {"latancy": 1}}, ".attributes.latancy: no attribute latancy (fix it)"),
        ({"toxic": "latency", "attributes": []}, ".attributes: must be an object"),
        ({**LATENCY, "duration_seconds": -5}, ".duration_seconds: must be more than 0, not -5"),
        ({**LATENCY, "duration": 5}, '.duration: unknown key (did you mean "duration_seconds"?)'),
        ({**LATENCY, "proxy": 5}, ".proxy: must be text, not 5"),
        ({"signal": "SIGKILL"}, ': the key "target" is missing'),
        ({"target": "w", "timing": "later"}, '.timing: must be during_inference or random, not "later"'),
        (
            {"target": "w", "signal": "SIGKILL", "count": "150%"},
            '.count: must be a whole percentage such as "50%", or "all", not "150%"',
        ),
        (
            {"resource": "memory", "target": "w", "threshold": "95%", "duration_seconds": 30},
            '.resource: fault type "memory" is not available in this version (it comes later)',
        ),
        (
            {"resource": "file_descriptors", "target": "w", "threshold": "ulimit"},
            '.resource: fault type "fds" is not available in this version (it comes later)',
        ),
        ({"resource": 5, "target": "w"}, ".resource: a fault needs a type, as text (known: toxic, crash, hang)"),
        ({"load": {}, **LATENCY}, '.load: the key "script" is missing'),
        ({}, ': the key "faults" is missing (or write a short form: "toxic" + "attributes", "target" + "signal"'),
    ],
)
def test_problems_point_at_what_the_file_says(tmp_path: Path, short: dict[str, Any], problem: str) -> None:
    """Problems of a short form are told at its own keys, not at those of the normal form."""
    found = problems(tmp_path, suite({**HEAD, **short}))
    assert len(found) == 1
    assert found[0].startswith(f"$.scenarios[0]{problem}")


def test_short_keys_beside_faults_are_unknown(tmp_path: Path) -> None:
    """A scenario with `faults` is in the normal form: short keys beside it are not silently ignored."""
    value = suite({**HEAD, "faults": [{"type": "toxic", "toxic": "timeout"}], "toxic": "latency"})
    assert [found.split(" (")[0] for found in problems(tmp_path, value)] == ["$.scenarios[0].toxic: unknown key"]
