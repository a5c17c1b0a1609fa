"""PAUSE_ON_FAIL ends a run after the first bad verdict."""

from pathlib import Path
from typing import Any, cast

import pytest

from chaoslab.errors import Exit, PausedOnFail
from chaoslab.prepare import RunRequest
from chaoslab.run import Running, pause_on_fail
from unit.report.results import scenario


def running(verdict: str, *, paused: bool) -> Running:
    """Make a run whose newest verdict is this."""
    nothing = cast("Any", None)
    request = RunRequest((), (), Path("results"), pause_on_fail=paused)
    results = [scenario("FAIL", "A"), scenario(verdict, "B")]
    return Running(request, nothing, nothing, nothing, nothing, nothing, nothing, nothing, results)


@pytest.mark.parametrize("verdict", ["FAIL", "ERROR"])
def test_a_bad_verdict_pauses(verdict: str) -> None:
    """After a FAIL or an ERROR the run goes no further, and says which scenario it was."""
    with pytest.raises(PausedOnFail, match=f"B ended with {verdict}") as caught:
        pause_on_fail(running(verdict, paused=True))
    assert caught.value.exit_code == Exit.FAILED


@pytest.mark.parametrize("verdict", ["PASS", "WARN", "SKIPPED", "INCONCLUSIVE"])
def test_other_verdicts_do_not(verdict: str) -> None:
    """Only what failed pauses."""
    pause_on_fail(running(verdict, paused=True))


def test_unasked_nothing_pauses() -> None:
    """Without PAUSE_ON_FAIL a run goes on."""
    pause_on_fail(running("FAIL", paused=False))
