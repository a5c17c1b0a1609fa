"""Exit codes and counts of whole runs."""

from typing import Any, get_args

import pytest

from chaoslab.errors import Exit
from chaoslab.model.result import ScenarioResult, VerdictName
from chaoslab.verdict.judge import judge_run
from chaoslab.verdict.whole import CODES, mean_overhead_seconds, tally


def results(*verdicts: VerdictName) -> list[ScenarioResult]:
    """Make results with these verdicts."""
    return [
        ScenarioResult(
            suite="s", id=f"S-{n}", name="n", verdict=verdict, reasons=(), overhead_seconds=n, wall_seconds=n
        )
        for n, verdict in enumerate(verdicts)
    ]


def code(*verdicts: VerdictName, **facts: Any) -> int:
    """Give the exit code of a run."""
    given = {
        "run_id": "r",
        "profile": "quick",
        "seed": 1,
        "started": "",
        "wall_seconds": 1.0,
        "lab_clean": True,
        **facts,
    }
    return judge_run(results(*verdicts), **given).exit_code


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["PASS"], 0),
        (["PASS", "WARN", "SKIPPED", "NOT RUN"], 0),
        (["SKIPPED"], 3),
        (["NOT RUN", "SKIPPED"], 3),
        ([], 3),
        (["PASS", "INCONCLUSIVE"], 3),
        (["INCONCLUSIVE", "FAIL", "PASS"], 1),
        (["FAIL", "ERROR"], 4),
    ],
)
def test_the_verdicts_decide(verdicts: list[VerdictName], expected: int) -> None:
    """The most pressing verdict gives the code; nothing judged is 3."""
    assert code(*verdicts) == expected


def test_what_happened_to_the_lab_and_the_run_comes_first() -> None:
    """5, 130, 4, 1, 3, 0 in this order."""
    assert code("FAIL", lab_clean=False, interrupted=True) == 5
    assert code("FAIL", "ERROR", interrupted=True) == 130
    assert code("FAIL", failed_with=Exit.TOOL_ERROR) == 4
    assert code("NOT RUN", failed_with=Exit.TOOL_ERROR) == 4
    assert code("NOT RUN", failed_with=Exit.LAB_DIRTY) == 5


@pytest.mark.parametrize(
    ("beside", "expected"), [([], 2), (["PASS"], 2), (["INCONCLUSIVE"], 3), (["FAIL"], 1), (["ERROR"], 4)]
)
def test_an_error_of_what_the_user_wrote_is_bad_input(beside: list[VerdictName], expected: int) -> None:
    """A load script with an error gives 2, though nothing was judged; what other scenarios found goes before it."""
    script = results("ERROR")[0].model_copy(update={"bad_input": True})
    facts: dict[str, Any] = {"run_id": "r", "profile": "quick", "seed": 1, "started": "", "wall_seconds": 1.0}
    assert judge_run([script, *results(*beside)], **facts, lab_clean=True).exit_code == expected


def test_strict_takes_a_warning_for_a_failure() -> None:
    """WARN passes unless strict."""
    assert code("WARN") == 0
    assert code("WARN", strict=True) == 1


def test_every_verdict_has_a_code() -> None:
    """No verdict is forgotten."""
    assert set(CODES) == set(get_args(VerdictName))


def test_counts_and_overhead() -> None:
    """Counts are in order of severity; the run's overhead is the worst one, the mean leaves out what never ran."""
    run = judge_run(
        results("NOT RUN", "PASS", "FAIL", "PASS"),
        run_id="r",
        profile="quick",
        seed=1,
        started="",
        wall_seconds=1.0,
        lab_clean=True,
        notes=["n"],
        observer={"samples": 3.0},
    )
    assert list(tally(run).items()) == [("FAIL", 1), ("NOT RUN", 1), ("PASS", 2)]
    assert run.overhead_seconds == 3
    assert mean_overhead_seconds(run) == 2
    assert (run.notes, run.observer) == (("n",), {"samples": 3.0})
