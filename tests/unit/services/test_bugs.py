"""LAB_BUGS."""

import re

import pytest
from services.bugs import NAMES, Bugs, parse_bugs

from unit.services.conftest import COMPOSE

TABLE = (COMPOSE.parent / "docs" / "known-bugs.md").read_text()


def test_no_bug_without_a_name() -> None:
    """Unset and empty mean the healthy lab."""
    assert parse_bugs("") == parse_bugs(" , ") == Bugs()


def test_each_name_switches_on_its_own_bug() -> None:
    """A name switches on exactly one bug; names combine."""
    for name in NAMES:
        assert parse_bugs(name) == Bugs(**{name.replace("-", "_"): True})
    assert parse_bugs("no-retry, no-timeout") == Bugs(no_retry=True, no_timeout=True)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    """A misspelt bug must not quietly be a healthy lab."""
    with pytest.raises(
        ValueError, match=r"unknown no-retries; known: no-retry, no-timeout, no-reconnect, zombie-worker"
    ):
        parse_bugs("no-retries")


def test_every_bug_is_in_the_table_with_what_must_catch_it() -> None:
    """docs/known-bugs.md has one full row for each bug, and none for what is no bug."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.splitlines() if line.startswith("| `")
    ]
    assert sorted(row[0].strip("`") for row in rows) == sorted(NAMES)
    assert all(len(row) == 4 and all(row) for row in rows)
    assert len(NAMES) >= 14


def test_the_places_that_the_table_names_exist() -> None:
    """Each module named as the place of a mechanism is there, and reads the bug's flag or is handed it."""
    for path in set(re.findall(r"`([a-z_/]+\.py)`", TABLE)) - {"service.py"}:
        assert (COMPOSE / "services" / path).exists(), path
