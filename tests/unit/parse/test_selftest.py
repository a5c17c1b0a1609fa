"""The self-test's definition file: read, or every problem told with its path."""

import json
from pathlib import Path
from typing import Any

import pytest

from chaoslab.errors import InputError
from chaoslab.model.selftest import SelfTest
from chaoslab.parse.selftest import parse_self_test

KNOWN = [f"S-{number}" for number in range(1, 9)]
BUG = {"name": "no-retry", "caught_by": ["S-1"], "bystanders": KNOWN[1:6]}


def read(folder: Path, *bugs: Any, **keys: Any) -> SelfTest:
    """Read a definition of these bugs."""
    path = folder / "selftest.json"
    path.write_text(json.dumps({"bugs": list(bugs), **keys}))
    return parse_self_test(path, KNOWN)


def test_a_bug_is_switched_on_by_its_name(tmp_path: Path) -> None:
    """Without an environment of its own a bug is the value of the definition's variable."""
    test = read(tmp_path, BUG, {**BUG, "name": "two", "environment": {"MODE": "bad"}}, **{"x-note": 1})
    assert [test.environment(bug) for bug in test.bugs] == [{"LAB_BUGS": "no-retry"}, {"MODE": "bad"}]
    assert test.scenarios() == tuple(KNOWN[:6])


@pytest.mark.parametrize(
    ("bugs", "problem"),
    [
        ([], "$.bugs: must hold at least 1"),
        ([{**BUG, "bystanders": KNOWN[1:5]}], "$.bugs[0].bystanders: must hold at least 5"),
        ([{**BUG, "caught_by": []}], "$.bugs[0].caught_by: must hold at least 1"),
        ([{**BUG, "caught_by": ["S-11"]}], '$.bugs[0].caught_by[0]: there is no scenario "S-11" (did you mean "S-1"?)'),
        ([{**BUG, "bystanders": KNOWN[:5]}], '$.bugs[0].bystanders[0]: "S-1" is named twice for this bug'),
        ([BUG, BUG], '$.bugs[1].name: the name "no-retry" is taken'),
        ([{**BUG, "name": "healthy"}], '$.bugs[0].name: the name "healthy" is taken'),
        ([{**BUG, "caugth_by": 1}], '$.bugs[0].caugth_by: unknown key (did you mean "caught_by"?)'),
        ([3], "$.bugs[0]: must be an object"),
    ],
)
def test_problems(tmp_path: Path, bugs: list[Any], problem: str) -> None:
    """What is wrong is told with its JSON path."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, *bugs)
    assert problem in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"bugs": NaN}'])
def test_what_is_no_definition(tmp_path: Path, text: str) -> None:
    """Broken files are bad input, never a traceback."""
    path = tmp_path / "selftest.json"
    path.write_text(text)
    with pytest.raises(InputError):
        parse_self_test(path, KNOWN)


def test_a_missing_definition(tmp_path: Path) -> None:
    """A definition that is not there is told with the option that names one."""
    with pytest.raises(InputError, match="--definition"):
        parse_self_test(tmp_path / "none.json", KNOWN)
