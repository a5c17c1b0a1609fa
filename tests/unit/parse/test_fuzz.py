"""Whatever is in a file: a suite or an InputError that is safe to print, never anything else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoslab.errors import InputError
from chaoslab.faults.catalog import spec_types
from chaoslab.model.suite import Suite
from chaoslab.model.vocabulary import Vocabulary
from chaoslab.parse import parse_suites
from chaoslab.verdict.measures import measure_specs

SUITES = sorted((Path(__file__).parents[3] / "scenarios").glob("*.json"))
REAL = Vocabulary(spec_types(), measure_specs())
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["x-a", "50%"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=8
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file, written anew by every example."""
    return tmp_path_factory.mktemp("fuzz") / "suite.json"


def outcome(file: Path, data: bytes) -> Suite | InputError:
    """Parse these bytes; whatever else is raised fails the test."""
    file.write_bytes(data)
    try:
        return parse_suites([file], REAL)[0]
    except InputError as error:
        told = error
    text = str(told)
    text.encode()
    assert told.problems
    assert all(char.isprintable() or char == "\n" for char in text), "raw control characters would reach a terminal"
    return told


def parts(value: Any) -> Iterator[Any]:
    """Walk every object and list of a value."""
    if isinstance(value, dict | list):
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from parts(child)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(file: Path, data: bytes) -> None:
    """Any bytes give a suite or an InputError."""
    outcome(file, data)


@settings(deadline=None)
@given(VALUES)
def test_any_value(file: Path, value: Any) -> None:
    """Any JSON value (and Python's extensions of it) gives a suite or an InputError."""
    outcome(file, json.dumps(value).encode())


@settings(deadline=None)
@given(st.data())
def test_a_good_suite_with_one_part_replaced(file: Path, data: st.DataObject) -> None:
    """A shipped suite with any one value replaced, added or removed gives a suite or an InputError."""
    value = json.loads(data.draw(st.sampled_from(SUITES)).read_text())
    part = data.draw(st.sampled_from([part for part in parts(value) if part]))
    keys = list(part) if isinstance(part, dict) else range(len(part))
    key = data.draw(st.sampled_from(keys))
    action = data.draw(st.sampled_from(["replace", "remove", "add"]))
    if action == "remove":
        del part[key]
    elif action == "add" and isinstance(part, dict):
        part[data.draw(st.text(max_size=6))] = data.draw(VALUES)
    else:
        part[key] = data.draw(VALUES)
    outcome(file, json.dumps(value).encode())


@settings(deadline=None)
@given(st.data())
def test_a_good_suite_cut_or_garbled(file: Path, data: st.DataObject) -> None:
    """A shipped suite with a few bytes replaced or its end cut off gives a suite or an InputError."""
    text = bytearray(data.draw(st.sampled_from(SUITES)).read_bytes())
    start = data.draw(st.integers(0, len(text) - 1))
    if data.draw(st.booleans()):
        del text[start:]
    else:
        text[start : start + 3] = data.draw(st.binary(max_size=4))
    outcome(file, bytes(text))
