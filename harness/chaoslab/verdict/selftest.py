"""The verdict on the harness itself: did each bug's scenarios fail, and did the others pass? Pure."""

from collections.abc import Sequence

from chaoslab.errors import ATTENTION, Exit
from chaoslab.model.result import RunResult, ScenarioResult
from chaoslab.model.selftest import Bug, FoundBug, FoundCell, Outcome

JUDGED = frozenset({"PASS", "WARN", "FAIL"})
NO_VERDICT_ON_THE_LAB = frozenset({Exit.TOOL_ERROR, Exit.LAB_DIRTY, Exit.INTERRUPTED})
"""Exit codes of a run that say something about the harness or its surroundings; they go before caught and missed."""


def judge_bug(bug: Bug, run: RunResult, folder: str) -> FoundBug:
    """Compare a run on the lab with this bug with what it had to say."""
    found = {scenario.id: scenario for scenario in run.scenarios}
    cells = [_cell(scenario, found.get(scenario), fails=True) for scenario in bug.caught_by]
    cells += [_cell(scenario, found.get(scenario), fails=False) for scenario in bug.bystanders]
    return FoundBug(
        name=bug.name, run=folder, exit_code=run.exit_code, cells=tuple(cells), wall_seconds=run.wall_seconds
    )


def judge_healthy(name: str, run: RunResult, folder: str) -> FoundBug:
    """Demand that every scenario passes on the healthy lab; what the host cannot do (SKIPPED) says nothing about it."""
    cells = [_cell(one.id, one, fails=False) for one in run.scenarios if one.verdict != "SKIPPED"]
    return FoundBug(name=name, run=folder, exit_code=run.exit_code, cells=tuple(cells), wall_seconds=run.wall_seconds)


def complete(found: FoundBug) -> bool:
    """Whether the bug's run went to its end, so that a resumed self-test need not repeat it."""
    return found.exit_code not in NO_VERDICT_ON_THE_LAB


def exit_code(bugs: Sequence[FoundBug], missing: Sequence[str]) -> Exit:
    """Find the code that decides: 1 for a bug missed or a false alarm, 3 when something was not judged."""
    codes = {Exit(bug.exit_code) for bug in bugs}.intersection(NO_VERDICT_ON_THE_LAB)
    outcomes = {cell.outcome for bug in bugs for cell in bug.cells}
    if outcomes & {"missed", "false alarm"}:
        codes.add(Exit.FAILED)
    if "not judged" in outcomes or missing or not outcomes:
        codes.add(Exit.INCONCLUSIVE)
    return next((code for code in ATTENTION if code in codes), Exit.PASSED)


def _cell(scenario: str, result: ScenarioResult | None, *, fails: bool) -> FoundCell:
    verdict = result.verdict if result else "NOT RUN"
    reason = result.reasons[0] if result and result.reasons else ""
    return FoundCell(
        scenario=scenario,
        expected="FAIL" if fails else "PASS",
        verdict=verdict,
        outcome=_outcome(verdict, fails=fails),
        reason=reason,
    )


def _outcome(verdict: str, *, fails: bool) -> Outcome:
    if verdict not in JUDGED:
        return "not judged"
    if fails:
        return "caught" if verdict == "FAIL" else "missed"
    return "false alarm" if verdict == "FAIL" else "passed"
