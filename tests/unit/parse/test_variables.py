"""Variables of suites: filled in, defaulted, escaped, or told with their place."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from chaoslab.errors import InputError
from chaoslab.model.suite import Suite
from chaoslab.parse import Given, parse_suites, scenario_schema
from chaoslab.parse.variables import substitute
from unit.parse.words import VOCABULARY, scenario, suite, written

SET = Given({"N": "5", "EMPTY": "", "WORD": "slow", "BOTH": "environment"}, {"BOTH": "set", "LIST": '["a", "b"]'})


def filled(value: Any, given: Given = SET) -> Any:
    """Fill in a value in which nothing is wrong."""
    done = substitute(value, given)
    assert not done.found
    return done.value


def wrong(value: Any, given: Given = SET) -> list[tuple[tuple[str | int, ...], str]]:
    """List what is wrong with a value's variables, by place."""
    return [(place, message) for place, message, _remedy in substitute(value, given).found]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${N}", 5),
        ("${N:-9}", 5),
        ("${MISSING:-9}", 9),
        ("${MISSING:-1.5}", 1.5),
        ("${MISSING:-true}", True),
        ("${MISSING:-null}", None),
        ("${MISSING:-slow link}", "slow link"),
        ("${MISSING:-}", ""),
        ("${EMPTY:-9}", 9),
        ("${EMPTY}", ""),
        ("${LIST}", ["a", "b"]),
        ("${BOTH}", "set"),
        ("${WORD}", "slow"),
        ("at ${N} s", "at 5 s"),
        ("${N}${N}", "55"),
        (" ${N}", " 5"),
        ("$${N}", "${N}"),
        ("$${N} is ${N}", "${N} is 5"),
        ("$$N $.a[?@.b] $", "$$N $.a[?@.b] $"),
        ("${MISSING:-a:-b}", "a:-b"),
    ],
)
def test_one_string(text: str, value: Any) -> None:
    """A string that is exactly one variable takes its JSON value, any other its text; `$${` is literal."""
    found = filled(text)
    assert found == value
    assert type(found) is type(value)


def test_anywhere_but_in_keys_and_notes() -> None:
    """Strings at any depth are filled in; keys and what stands under `x-` keys are left alone."""
    value = {"a": [{"b": "${N}"}], "${N}": 1, "x-note": "${MISSING}"}
    assert filled(value) == {"a": [{"b": 5}], "${N}": 1, "x-note": "${MISSING}"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${MISSING}", "the variable MISSING is not set and has no default"),
        ("a ${MISSING} b", "the variable MISSING is not set and has no default"),
        ("${}", 'no variable: "${}"'),
        ("${1A}", 'no variable: "${1A}"'),
        ("${N", 'no variable: "${"'),
        ("${N-5}", 'no variable: "${N-5}"'),
        ("${MISSING:-${N}}", 'no variable: "${"'),
    ],
)
def test_problems_have_their_place(text: str, message: str) -> None:
    """An unset variable without default, and what is no variable, are told once at their place."""
    assert wrong({"a": ["x", text]}) == [(("a", 1), message)]


def test_what_a_variable_brings_in_is_checked_like_the_file() -> None:
    """Control characters and numbers that are none do not come in by a variable."""
    given = Given({"BELL": "a\x07b", "NAN": "NaN", "TWICE": '{"k": 1, "k": 2}'})
    assert [message for _place, message in wrong(["${BELL}", "x${BELL}", "${NAN}", "${TWICE}"], given)] == [
        "the text holds the control character U+0007",
        "the text holds the control character U+0007",
        "NaN, Infinity or a number beyond 1e308 is no JSON number",
        "the key stands twice in the same object",
    ]


def test_what_was_used_is_known_with_its_source() -> None:
    """Name, text and source of every variable are kept, for the manifest; others are not."""
    done = substitute(["${N}", "${BOTH}", "${D:-1}", "${D:-2}"], SET)
    assert sorted((one.name, one.value, one.source) for one in done.used) == [
        ("BOTH", "set", "--set"),
        ("D", "1", "default"),
        ("D", "2", "default"),
        ("N", "5", "environment"),
    ]


@drawn(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=9))
def test_what_has_no_variable_stays(value: Any) -> None:
    """Values without `${` come out as they went in."""
    if "${" not in repr(value):
        assert filled(value) == value


@drawn(st.text())
def test_any_text_is_filled_or_told(text: str) -> None:
    """No text makes the filling fail otherwise than by a problem."""
    done = substitute("${" + text, SET)
    assert done.found or isinstance(done.value, str | int | float | bool | list | dict | None)


def parsed(folder: Path, value: Any, given: Given) -> Suite:
    """Parse one file with these variables."""
    return parse_suites([written(folder, value)], VOCABULARY, given)[0]


def test_a_number_may_be_a_variable(tmp_path: Path) -> None:
    """A variable stands where the schema wants a number, and the suite remembers what it was filled with."""
    given = Given({"N": "5"})
    read = parsed(tmp_path, suite(scenario(baseline_seconds="${BASE:-7}", name="run ${N}")), given)
    assert (read.scenarios[0].baseline_seconds, read.scenarios[0].name) == (7, "run 5")
    assert [(one.name, one.value) for one in read.variables] == [("BASE", "7"), ("N", "5")]


def test_problems_name_the_json_path(tmp_path: Path) -> None:
    """An unset variable is told with its JSON path, without a second complaint about its type; a wrong value is told as itself."""
    with pytest.raises(InputError) as caught:
        parsed(tmp_path, suite(scenario(baseline_seconds="${UNSET}", stable_seconds="${WORD}")), SET)
    found = [(problem.path, problem.message) for problem in caught.value.problems if problem.file != "--set"]
    assert found == [
        ("$.scenarios[0].baseline_seconds", "the variable UNSET is not set and has no default"),
        ("$.scenarios[0].stable_seconds", 'must be a number, not "slow"'),
    ]
    assert "--set UNSET=" in str(caught.value)


def test_a_setting_that_nothing_uses_is_a_problem(tmp_path: Path) -> None:
    """A misspelt --set is told, with the nearest variable."""
    with pytest.raises(
        InputError, match=r'--set: no suite that was read uses the variable "BAES" \(did you mean "BASE"'
    ):
        parsed(tmp_path, suite(scenario(baseline_seconds="${BASE:-7}")), Given({}, {"BAES": "3"}))


def test_the_schema_allows_variables_for_numbers() -> None:
    """Editors accept a string that is one variable where a number stands, and no other string."""
    schema = Draft202012Validator(scenario_schema(VOCABULARY))
    schema.validate(suite(scenario(baseline_seconds="${BASE:-7}")))
    assert not schema.is_valid(suite(scenario(baseline_seconds="7")))
