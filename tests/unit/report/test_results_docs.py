"""docs/results.md names everything that a run can leave."""

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from chaoslab.errors import Exit
from chaoslab.model import result
from chaoslab.model.result import RecoveryName, RunResult, VerdictName
from chaoslab.verdict.measures import MEASURES
from chaoslab.verdict.record import EVENT_KINDS

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
PARTS = [part for part in vars(result).values() if isinstance(part, type) and issubclass(part, BaseModel)]
FIELDS = sorted({name for part in PARTS for name in part.model_fields})


def test_the_parts_are_found() -> None:
    """The walk over the result's parts sees the whole run, not only its top."""
    assert RunResult in PARTS
    assert {"scenarios", "measured", "availability", "length_ms", "what"} <= set(FIELDS)


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_result_json_is_documented(field: str) -> None:
    """Each field stands in the documentation as code."""
    assert f"`{field}`" in TEXT


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_every_event_kind_has_a_row(kind: str) -> None:
    """Each kind of event has a row in the table of events."""
    assert f"| `{kind}` |" in TEXT


def test_every_event_that_is_written_is_known() -> None:
    """No module appends an event of a kind that the documentation does not list."""
    sources = (ROOT / "harness" / "chaoslab").rglob("*.py")
    written = {
        kind for path in sources for kind in re.findall(r'\.event\(\s*"(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert written
    assert written <= set(EVENT_KINDS)


@pytest.mark.parametrize("name", [*get_args(VerdictName), *(f"`{name}`" for name in get_args(RecoveryName))])
def test_every_verdict_and_recovery_has_a_row(name: str) -> None:
    """Each verdict and each outcome of recovery has a row."""
    assert f"| {name} |" in TEXT


@pytest.mark.parametrize("code", list(Exit))
def test_every_exit_code_has_a_row(code: Exit) -> None:
    """Each exit code has a row."""
    assert f"| {int(code)} |" in TEXT


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_every_measure_is_documented(name: str) -> None:
    """Each measure stands in the table, beside its default phase."""
    assert f"`{name}`" in TEXT
