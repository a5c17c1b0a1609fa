"""A file's value becomes a suite in its normal form, or every problem in it."""

import json
from pathlib import Path
from typing import Any

import pytest

from unit.parse.words import CrashSpec, ToxicSpec, parsed, parsed_fault, parsed_scenario, problems, scenario, suite


def test_defaults_of_a_minimal_file(tmp_path: Path) -> None:
    """A file needs a name and one scenario with id, name and fault; the rest has defaults."""
    read = parsed(tmp_path, suite())
    assert (read.name, read.version, read.default, read.file) == ("s", 1, False, str(tmp_path / "suite.json"))
    only = read.scenarios[0]
    assert (only.baseline_seconds, only.stable_seconds, only.recovery_deadline_seconds) == (5.0, 3.0, 60.0)
    assert only.faults == (ToxicSpec(toxic="timeout"),)
    assert only.short_keys is None


def test_whole_numbers_are_numbers_and_lists_are_tuples(tmp_path: Path) -> None:
    """JSON's whole numbers pass where a number is wanted, and lists where the model has tuples."""
    read = parsed_scenario(
        tmp_path, scenario(baseline_seconds=2, tags=["a", "b"], expect=[{"measure": "lost", "max": 0}])
    )
    assert isinstance(read.baseline_seconds, float)
    assert read.tags == ("a", "b")
    assert read.expect[0].max == 0.0


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"baseline_seconds": "5"}, '$.scenarios[0].baseline_seconds: must be a number, not "5"'),
        ({"baseline_seconds": True}, "$.scenarios[0].baseline_seconds: must be a number, not true"),
        ({"baseline_seconds": -1}, "$.scenarios[0].baseline_seconds: must be at least 1, not -1"),
        ({"baseline_seconds": None}, "$.scenarios[0].baseline_seconds: must be a number, not null"),
        ({"recovery_deadline_seconds": 0}, "$.scenarios[0].recovery_deadline_seconds: must be more than 0, not 0"),
        ({"stable_seconds": 1e6}, "$.scenarios[0].stable_seconds: must be at most 600, not 1000000.0"),
        ({"name": ""}, "$.scenarios[0].name: must not be empty"),
        ({"name": 7}, "$.scenarios[0].name: must be text, not 7"),
        ({"tags": "a"}, '$.scenarios[0].tags: must be a list, not "a"'),
        ({"tags": ["a", 1]}, "$.scenarios[0].tags[1]: must be text, not 1"),
        (
            {"id": "a b"},
            "$.scenarios[0].id: must be 1 to 64 letters, digits, '.', '_', '-' (the first a letter or digit), not \"a b\"",
        ),
        ({"descripton": "x"}, '$.scenarios[0].descripton: unknown key (did you mean "description"?)'),
        ({"expect": {}}, "$.scenarios[0].expect: must be a list"),
        ({"expect": [3]}, "$.scenarios[0].expect[0]: must be an object, not 3"),
        ({"faults": []}, "$.scenarios[0].faults: must hold at least 1"),
        ({"faults": {}}, "$.scenarios[0].faults: must be a list"),
        ({"faults": ["x"]}, '$.scenarios[0].faults[0]: a fault must be an object, not "x"'),
        ({"faults": [{}]}, "$.scenarios[0].faults[0]: a fault needs a type, as text (known: toxic, crash, hang)"),
        (
            {"faults": [{"type": 1}]},
            "$.scenarios[0].faults[0].type: a fault needs a type, as text (known: toxic, crash, hang)",
        ),
        (
            {"faults": [{"type": "toxyc"}]},
            '$.scenarios[0].faults[0].type: unknown fault type "toxyc" (did you mean "toxic"?)',
        ),
        (
            {"faults": [{"type": "memory"}]},
            '$.scenarios[0].faults[0].type: fault type "memory" is not available in this version (it comes later)',
        ),
        ({"faults": [{"type": "crash"}]}, '$.scenarios[0].faults[0]: the key "target" is missing'),
        (
            {"faults": [{"type": "crash", "target": "a", "for_seconds": 3}]},
            '$.scenarios[0].faults[0].for_seconds: unknown key (did you mean "at_seconds"?)',
        ),
        (
            {"faults": [{"type": "crash", "target": "a", "count": 0}]},
            "$.scenarios[0].faults[0].count: must be at least 1, not 0",
        ),
        (
            {"faults": [{"type": "crash", "target": "a", "count": True}]},
            "$.scenarios[0].faults[0].count: must be a whole number or text, not true",
        ),
        (
            {"faults": [{"type": "toxic", "toxic": "latancy"}]},
            (
                '$.scenarios[0].faults[0].toxic: must be latency, bandwidth or timeout, not "latancy"'
                ' (did you mean "latency"?)'
            ),
        ),
        (
            {"faults": [{"type": "toxic", "toxic": "timeout", "at_seconds": -1}]},
            "$.scenarios[0].faults[0].at_seconds: must be at least 0, not -1",
        ),
        ({"load": {"vus": 3}}, '$.scenarios[0].load: the key "script" is missing'),
        ({"load": 3}, "$.scenarios[0].load: must be an object, not 3"),
        ({"load": {"script": "here.js", "vus": 0}}, "$.scenarios[0].load.vus: must be at least 1, not 0"),
        ({"load": {"script": "here.js", "vus": 1.5}}, "$.scenarios[0].load.vus: must be a whole number, not 1.5"),
        (
            {"load": {"script": "here.js", "users": 5}},
            "$.scenarios[0].load.users: unknown key (known: script, vus, env)",
        ),
        (
            {"load": {"script": "here.js", "env": {"A": True}}},
            "$.scenarios[0].load.env.A: must be text or a whole number or a number, not true",
        ),
        (
            {"load": {"script": "away.js"}},
            (
                '$.scenarios[0].load.script: there is no load script "away.js"'
                " (it is looked for in the suite's folder, then in k6/: here, and beside the suite's folder)"
            ),
        ),
    ],
)
def test_one_wrong_key(tmp_path: Path, keys: dict[str, Any], problem: str) -> None:
    """One wrong thing in a scenario is one problem, with its path and what to do."""
    (tmp_path / "here.js").touch()
    assert problems(tmp_path, suite(scenario(**keys))) == [problem]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (3, '$: a suite must be an object, not 3 (write {"name": ..., "scenarios": [...]})'),
        ([], '$: a suite must be an object, not [] (write {"name": ..., "scenarios": [...]})'),
        ({"name": "s"}, '$: the key "scenarios" is missing'),
        ({"name": "s", "scenarios": []}, "$.scenarios: must hold at least 1"),
        ({"name": "s", "scenarios": 1}, "$.scenarios: must be a list, not 1"),
        (suite(3), "$.scenarios[0]: a scenario must be an object, not 3"),
        (suite(version=2), "$.version: must be 1, not 2"),
        (suite(version="1"), '$.version: must be 1, not "1"'),
        (suite(default="yes"), '$.default: must be true or false, not "yes"'),
        (suite(scenarois=[]), '$.scenarois: unknown key (did you mean "scenarios"?)'),
        (suite(file="x"), "$.file: unknown key (known: name, version,"),
        (suite(variables={}), "$.variables: unknown key (known: name,"),
        (suite(defaults=[]), "$.defaults: must be an object, not []"),
        (suite(scenario(short_keys={})), "$.scenarios[0].short_keys: unknown key (known: id, name, description, tags,"),
        (suite(defaults={"id": "X"}), "$.defaults.id: unknown key"),
        (suite(defaults={"stable_seconds": 0}), "$.defaults.stable_seconds: must be at least 0.5, not 0"),
        (
            suite(defaults={"expect": [{"measure": "lots", "max": 0}]}),
            '$.defaults.expect[0].measure: unknown measure "lots" (did you mean "lost"?)',
        ),
    ],
)
def test_one_wrong_thing_about_the_suite(tmp_path: Path, value: Any, problem: str) -> None:
    """One wrong thing about the file as a whole is one problem."""
    found = problems(tmp_path, value)
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_every_problem_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """All scenarios, faults and expectations of a file are looked at, whatever is wrong before them."""
    value = suite(
        scenario(id="a b", faults=[{"type": "nope"}, {"type": "crash", "target": "w", "count": "x"}]),
        4,
        scenario(id="B", expect=[{"measure": "lost"}, {"measure": "losst", "max": 1}], nme="x"),
        wrong=1,
    )
    assert [problem.split(":")[0] for problem in problems(tmp_path, value)] == [
        "$.scenarios[0].id",
        "$.scenarios[0].faults[0].type",
        "$.scenarios[0].faults[1].count",
        "$.scenarios[1]",
        "$.scenarios[2].expect[0]",
        "$.scenarios[2].expect[1].measure",
        "$.scenarios[2].nme",
        "$.wrong",
    ]


def test_validators_of_a_fault_are_asked_even_when_other_keys_are_wrong(tmp_path: Path) -> None:
    """A misspelt attribute is told in the same go as a negative duration of the same fault."""
    fault = {"type": "toxic", "toxic": "latency", "attributes": {"latancy": 1, "x": 2}, "for_seconds": -1, "toxcity": 1}
    assert problems(tmp_path, suite(scenario(faults=[fault]))) == [
        "$.scenarios[0].faults[0].attributes.latancy: no attribute latancy (fix it)",
        "$.scenarios[0].faults[0].attributes.x: no attribute x (fix it)",
        "$.scenarios[0].faults[0].for_seconds: must be more than 0, not -1",
        '$.scenarios[0].faults[0].toxcity: unknown key (did you mean "toxicity"?)',
    ]


def test_notes_are_dropped_everywhere(tmp_path: Path) -> None:
    """Keys that start with x- are allowed at any depth and leave no trace; $schema is allowed at the top."""
    noted = suite(
        scenario(
            faults=[{"type": "toxic", "toxic": "latency", "attributes": {"latency": 1, "x-why": []}, "x-note": 1}],
            expect=[{"measure": "lost", "max": 0, "x-note": {"x-deep": None}}],
            **{"x-owner": "me"},
        ),
        **{"x-team": "q", "$schema": "./scenarios.schema.json"},
    )
    plain = suite(
        scenario(
            faults=[{"type": "toxic", "toxic": "latency", "attributes": {"latency": 1}}],
            expect=[{"measure": "lost", "max": 0}],
        )
    )
    assert parsed(tmp_path, noted) == parsed(tmp_path, plain)


def test_descriptive_keys(tmp_path: Path) -> None:
    """created_by and date are allowed on suites and scenarios."""
    read = parsed(tmp_path, suite(scenario(created_by="a", date="2025-01-01"), created_by="b", date="2024-01-01"))
    assert (read.created_by, read.scenarios[0].created_by, read.scenarios[0].date) == ("b", "a", "2025-01-01")


def test_defaults_are_merged_in(tmp_path: Path) -> None:
    """A suite's defaults reach every scenario; its own keys go before, its tags are added."""
    defaults = {"baseline_seconds": 9, "tags": ["net", "b"], "expect": [{"measure": "lost", "max": 0}]}
    own = scenario(id="B", baseline_seconds=2, tags=["b", "c"], expect=[{"measure": "recovery_seconds", "max": 1}])
    first, second = parsed(tmp_path, suite(scenario(), own, defaults=defaults)).scenarios
    assert (first.baseline_seconds, first.tags, first.expect[0].measure) == (9.0, ("net", "b"), "lost")
    assert (second.baseline_seconds, second.tags) == (2.0, ("net", "b", "c"))
    assert [ask.measure for ask in second.expect] == ["recovery_seconds"]


def test_wrong_defaults_are_told_once(tmp_path: Path) -> None:
    """A wrong default is one problem at its own place, not one per scenario."""
    value = suite(scenario(), scenario(id="B"), defaults={"baseline_seconds": "x"})
    assert problems(tmp_path, value) == ['$.defaults.baseline_seconds: must be a number, not "x"']


def test_duplicate_ids_are_told_even_in_wrong_scenarios(tmp_path: Path) -> None:
    """An id used twice is told with the place of its first use."""
    found = problems(tmp_path, suite(scenario(id="X", name=""), scenario(id="X")))
    assert found[0] == "$.scenarios[0].name: must not be empty"
    assert found[1].startswith('$.scenarios[1].id: the id "X" is used twice, first in ')
    assert "$.scenarios[0].id" in found[1]


def test_written_out_again_it_is_the_same(tmp_path: Path) -> None:
    """A parsed suite, written as JSON, parses to the same suite: the stored run holds what was read."""
    value = suite(
        scenario(
            tags=["a"],
            faults=[{"type": "crash", "target": "w", "count": "50%"}, {"type": "toxic", "toxic": "latency"}],
            expect=[{"measure": "availability", "of": "p", "phase": "during", "min": 0.5}],
            abort_when=[{"measure": "availability", "of": "p", "below": 0.1}],
        ),
        default=True,
    )
    read = parsed(tmp_path, value)
    assert parsed(tmp_path, json.loads(json.dumps(read.model_dump(mode="json")))) == read
    assert parsed_fault(tmp_path, value["scenarios"][0]) == CrashSpec(target="w", count="50%")
