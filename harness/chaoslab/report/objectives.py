"""A suite's summary as words: times to recover, success, SLO table, score, recommendations."""

from collections.abc import Iterator, Sequence

from chaoslab.model.result import FoundSlo, FoundSummary

NOTHING = "-"
SUITE_HEADERS = ("suite", "scenarios", "passed", "MTTR mean", "MTTR max", "MTTR min", "success", "score")
SLO_HEADERS = ("suite", "objective", "observed", "bound", "met")
MOST_SHOWN = 5
"""Recommendations on the console; summary.md has all."""


def objective_lines(summary: FoundSummary | None) -> list[tuple[str, str]]:
    """Write the run's summary as (what, value) pairs for the console."""
    if summary is None:
        return []
    mean, most, least = (_seconds(value) for value in _mttr(summary))
    told = f"mean {mean}, max {most}, min {least} over {summary.recovered} that recovered"
    total = summary.success_count + summary.error_count
    lines = [
        ("MTTR", told if summary.recovered else "nothing had to recover"),
        ("success", f"{_percent(summary.success_rate)} of {total} work requests" if total else "no work was sent"),
        ("SLO", ", ".join(slo_text(row) for row in summary.slo) or NOTHING),
        ("score", f"{_score(summary)} of 100"),
    ]
    shown = summary.recommendations[:MOST_SHOWN]
    lines += [("advice", text) for text in shown]
    more = len(summary.recommendations) - len(shown)
    return [*lines, ("advice", f"{more} more in summary.md")] if more > 0 else lines


def suite_rows(summaries: Sequence[FoundSummary]) -> list[tuple[str, ...]]:
    """Write a line for each suite, as SUITE_HEADERS names its columns."""
    return [
        (
            one.suite or "all",
            str(one.scenarios),
            str(one.passed),
            *(_seconds(value) for value in _mttr(one)),
            _percent(one.success_rate),
            _score(one),
        )
        for one in summaries
    ]


def slo_rows(summaries: Sequence[FoundSummary]) -> Iterator[tuple[str, ...]]:
    """Write the SLO tables of these suites, as SLO_HEADERS names their columns."""
    for one in summaries:
        for row in one.slo:
            met = {True: "yes", False: "NO", None: "nothing to measure"}[row.met]
            yield one.suite or "all", row.name, observed_text(row), bound_text(row), met


def slo_text(row: FoundSlo) -> str:
    """Say in a few words whether an objective was met."""
    if row.met is None:
        return f"{row.name} {NOTHING}"
    return f"{row.name} {'met' if row.met else f'NOT met ({observed_text(row)}, {bound_text(row)})'}"


def observed_text(row: FoundSlo) -> str:
    """Write what was observed, with its unit."""
    if row.observed is None and row.met is False:
        return "not recovered"
    return _percent(row.observed) if row.unit == "share" else _seconds(row.observed)


def bound_text(row: FoundSlo) -> str:
    """Write an objective's bound, with its unit."""
    return row.bound if row.unit == "share" else f"{row.bound} {row.unit}"


def _mttr(one: FoundSummary) -> tuple[float | None, float | None, float | None]:
    return one.mttr_mean_seconds, one.mttr_max_seconds, one.mttr_min_seconds


def _seconds(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3f} s"


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{share * 100:.3f}%"


def _score(one: FoundSummary) -> str:
    return NOTHING if one.resilience_score is None else f"{one.resilience_score:.1f}"
