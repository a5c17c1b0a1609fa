"""LAB_BUGS."""

import pytest
from services.bugs import NAMES, Bugs, parse_bugs


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
