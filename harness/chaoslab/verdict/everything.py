"""Several runs -> one result: totals, success rate, the exit code that decides. Pure."""

from collections.abc import Sequence

from chaoslab.errors import ATTENTION, Exit
from chaoslab.model.everything import AllResult, FoundPart
from chaoslab.model.result import RunResult
from chaoslab.verdict.merge import SEVERITY
from chaoslab.verdict.whole import tally

FINE = frozenset({"PASS", "WARN"})


def found_part(name: str, result: RunResult) -> FoundPart:
    """Sum up one run."""
    bad = sorted(
        (one for one in result.scenarios if one.verdict not in FINE), key=lambda one: SEVERITY.index(one.verdict)
    )
    return FoundPart(
        name=name,
        run=f"{name}/{result.run_id}",
        exit_code=result.exit_code,
        verdicts=tally(result),
        success_count=sum(one.success_count for one in result.scenarios),
        error_count=sum(one.error_count for one in result.scenarios),
        wall_seconds=result.wall_seconds,
        look=tuple(f"{one.verdict} {one.id}: {next(iter(one.reasons), one.name)}" for one in bad),
    )


def judge_all(parts: Sequence[FoundPart], all_id: str, wall_seconds: float) -> AllResult:
    """Put the parts together. Without any part nothing was judged."""
    codes = {Exit(part.exit_code) for part in parts} or {Exit.INCONCLUSIVE}
    good, bad = sum(part.success_count for part in parts), sum(part.error_count for part in parts)
    return AllResult(
        all_id=all_id,
        exit_code=int(next(code for code in ATTENTION if code in codes)),
        wall_seconds=wall_seconds,
        scenarios=sum(sum(part.verdicts.values()) for part in parts),
        passed=sum(count for part in parts for verdict, count in part.verdicts.items() if verdict in FINE),
        success_rate=good / (good + bad) if good + bad else None,
        parts=tuple(parts),
    )
