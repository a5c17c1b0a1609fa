"""Backoff with jitter."""

import asyncio

import pytest
from services.retry import Backoff, retry


def test_pauses_double_up_to_the_cap_and_are_spread() -> None:
    """Each pause lies in the upper half of its step, and is not always the same."""
    backoff = Backoff(first_seconds=0.1, cap_seconds=1.0)
    for failures, whole in [(1, 0.1), (2, 0.2), (3, 0.4), (4, 0.8), (5, 1.0), (5000, 1.0)]:
        pauses = {backoff.pause(failures) for _ in range(50)}
        assert whole / 2 <= min(pauses) < max(pauses) <= whole


def test_only_the_named_errors_are_tried_again() -> None:
    """It tries until it works, tells of each failure, and lets other errors through."""
    outcomes: list[Exception | str] = [ConnectionError("1"), TimeoutError("2"), "done"]
    told: list[str] = []

    async def attempt() -> str:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def run() -> str:
        backoff = Backoff(0.001, 0.001)
        return asyncio.run(
            retry(attempt, (ConnectionError, TimeoutError), backoff, lambda error: told.append(str(error)))
        )

    assert run() == "done"
    assert told == ["1", "2"]
    outcomes.append(ValueError("other"))
    with pytest.raises(ValueError, match="other"):
        run()
