"""Whether a bug was caught: judged from a run's verdicts alone."""

import pytest

from chaoslab.errors import Exit
from chaoslab.model.selftest import Bug, FoundBug
from chaoslab.verdict.selftest import complete, exit_code, judge_bug, judge_healthy
from unit.report.results import run, scenario

OTHERS = ("B-1", "B-2", "B-3", "B-4", "B-5")
BUG = Bug(name="no-retry", caught_by=("A-1", "A-2"), bystanders=OTHERS)


def judged(first: str = "FAIL", second: str = "FAIL", bystander: str = "PASS") -> FoundBug:
    """Judge the bug by a run with these verdicts of its two scenarios and of the first bystander."""
    others = [scenario(bystander, "B-1"), *(scenario("WARN", name) for name in OTHERS[1:])]
    return judge_bug(BUG, run(scenario(first, "A-1"), scenario(second, "A-2"), *others), "no-retry/x")


def outcomes(bug: FoundBug) -> list[str]:
    """List what became of the first three scenarios."""
    return [cell.outcome for cell in bug.cells[:3]]


def test_caught() -> None:
    """Both scenarios fail and the others pass (a WARN is a pass): caught, exit code 0."""
    bug = judged()
    assert outcomes(bug) == ["caught", "caught", "passed"]
    assert bug.fine
    assert bug.cells[0].reason == "because of FAIL"
    assert exit_code([bug], ()) == Exit.PASSED


@pytest.mark.parametrize(
    ("verdicts", "outcome", "code"),
    [
        (("FAIL", "PASS", "PASS"), "missed", Exit.FAILED),
        (("FAIL", "WARN", "PASS"), "missed", Exit.FAILED),
        (("FAIL", "FAIL", "FAIL"), "false alarm", Exit.FAILED),
        (("FAIL", "INCONCLUSIVE", "PASS"), "not judged", Exit.INCONCLUSIVE),
        (("FAIL", "SKIPPED", "PASS"), "not judged", Exit.INCONCLUSIVE),
        (("FAIL", "FAIL", "SKIPPED"), "not judged", Exit.INCONCLUSIVE),
    ],
)
def test_not_caught(verdicts: tuple[str, str, str], outcome: str, code: Exit) -> None:
    """Each scenario named for a bug must fail, each bystander must pass; without a verdict neither is shown."""
    bug = judged(*verdicts)
    assert outcome in outcomes(bug)
    assert not bug.fine
    assert exit_code([bug], ()) == code


def test_a_scenario_that_is_not_in_the_run_was_not_judged() -> None:
    """What is named but has no result is NOT RUN."""
    bug = judge_bug(BUG, run(scenario("FAIL", "A-1")), "x")
    assert [cell.verdict for cell in bug.cells] == ["FAIL", *["NOT RUN"] * 6]


def test_the_healthy_lab_must_pass_all() -> None:
    """A FAIL there is a false alarm; what the host cannot do says nothing."""
    fine = judge_healthy("healthy", run(scenario("PASS", "A"), scenario("SKIPPED", "B")), "x")
    bad = judge_healthy("healthy", run(scenario("FAIL", "A")), "x")
    assert fine.fine
    assert [cell.scenario for cell in fine.cells] == ["A"]
    assert [cell.outcome for cell in bad.cells] == ["false alarm"]


def test_what_is_missing_is_not_passed() -> None:
    """A self-test with bugs left to run, or with nothing run, is INCONCLUSIVE."""
    assert exit_code([judged()], ("other",)) == Exit.INCONCLUSIVE
    assert exit_code([], ()) == Exit.INCONCLUSIVE


@pytest.mark.parametrize(
    ("facts", "code", "whole"),
    [
        ({"interrupted": True}, Exit.INTERRUPTED, False),
        ({"lab_clean": False}, Exit.LAB_DIRTY, False),
        ({"failed_with": Exit.TOOL_ERROR}, Exit.TOOL_ERROR, False),
        ({}, Exit.FAILED, True),
    ],
)
def test_trouble_goes_before_the_verdict(facts: dict[str, object], code: Exit, whole: bool) -> None:
    """A run that ended by interruption, a dirty lab or a tool's failure decides the code, and is run again on --resume."""
    bug = judge_bug(BUG, run(scenario("FAIL", "A-1"), scenario("PASS", "A-2"), **facts), "x")
    assert exit_code([bug], ()) == code
    assert complete(bug) is whole
