"""The verdict on a run: counts, overhead, exit code."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict, Unpack

from chaoslab.errors import ATTENTION, Exit
from chaoslab.model.result import RunResult, ScenarioResult, VerdictName
from chaoslab.model.suite import Slo
from chaoslab.verdict.merge import SEVERITY
from chaoslab.verdict.repeats import repeats
from chaoslab.verdict.summary import summaries

CODES: Mapping[VerdictName, Exit] = {
    "FAIL": Exit.FAILED,
    "ERROR": Exit.TOOL_ERROR,
    "INCONCLUSIVE": Exit.INCONCLUSIVE,
    "SKIPPED": Exit.PASSED,
    "NOT RUN": Exit.PASSED,
    "WARN": Exit.PASSED,
    "PASS": Exit.PASSED,
}
"""What each verdict adds to the exit code. SKIPPED and NOT RUN say nothing about the lab: see JUDGED."""

JUDGED = frozenset[VerdictName]({"FAIL", "WARN", "PASS"})
"""Verdicts on the lab itself; a run without any of them is INCONCLUSIVE."""


class RunFacts(TypedDict):
    """What a run knows of itself beside its scenarios. `observer`: ObserverStats as numbers by name."""

    run_id: str
    profile: str
    seed: int
    started: str
    wall_seconds: float
    lab_clean: bool
    interrupted: NotRequired[bool]
    failed_with: NotRequired[Exit]
    strict: NotRequired[bool]
    observer: NotRequired[Mapping[str, float]]
    notes: NotRequired[Sequence[str]]
    slos: NotRequired[Mapping[str, Slo]]


def judge_run(results: Sequence[ScenarioResult], **facts: Unpack[RunFacts]) -> RunResult:
    """Put a run's results together. Its overhead is the worst scenario's, in seconds."""
    summary, suites = summaries(results, facts.get("slos", {}))
    return RunResult(
        run_id=facts["run_id"],
        profile=facts["profile"],
        seed=facts["seed"],
        started=facts["started"],
        exit_code=int(exit_code(results, facts)),
        overhead_seconds=max((result.overhead_seconds for result in results), default=0.0),
        wall_seconds=facts["wall_seconds"],
        lab_clean=facts["lab_clean"],
        observer=dict(facts.get("observer", {})),
        scenarios=tuple(results),
        summary=summary,
        suites=suites,
        repeats=repeats(results, facts["seed"]),
        notes=tuple(facts.get("notes", ())),
    )


def exit_code(results: Sequence[ScenarioResult], facts: RunFacts) -> Exit:
    """Find the code that decides (errors.ATTENTION).

    With `strict` a WARN counts as a FAIL. A run in which nothing was judged is INCONCLUSIVE, never passed.
    """
    verdicts = {result.verdict for result in results}
    codes = {Exit.BAD_INPUT if result.bad_input else CODES[result.verdict] for result in results}
    codes.add(facts.get("failed_with", Exit.PASSED))
    if not facts["lab_clean"]:
        codes.add(Exit.LAB_DIRTY)
    if facts.get("interrupted"):
        codes.add(Exit.INTERRUPTED)
    if facts.get("strict") and "WARN" in verdicts:
        codes.add(Exit.FAILED)
    if not verdicts.intersection(JUDGED) and Exit.BAD_INPUT not in codes:
        codes.add(Exit.INCONCLUSIVE)
    return next(code for code in ATTENTION if code in codes)


def tally(result: RunResult) -> dict[str, int]:
    """Count the scenarios by verdict, the most serious first; verdicts that did not occur are left out."""
    counts = Counter(scenario.verdict for scenario in result.scenarios)
    return {verdict: counts[verdict] for verdict in SEVERITY if counts[verdict]}


def mean_overhead_seconds(result: RunResult) -> float:
    """Average the overhead of the scenarios that ran to a verdict on the lab."""
    ran = [scenario.overhead_seconds for scenario in result.scenarios if scenario.wall_seconds > 0]
    return sum(ran) / len(ran) if ran else 0.0
