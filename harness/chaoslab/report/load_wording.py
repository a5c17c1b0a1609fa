"""Numbers of load as the words and rows that console, Markdown and the page share. Computes nothing but shares for people."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from chaoslab.model.load_result import FoundAnswers, FoundBreak, FoundPattern, FoundWindow
from chaoslab.model.result import RunResult, ScenarioResult
from chaoslab.report.wording import NOTHING, duration, summary_lines

HEADERS = ("pattern", "verdict", "window", "answers/s", "p95", "p99", "accepted", "shed", "errors", "calm after")
PAGE = "load.html"
WINDOW_HEADERS = (
    *("pattern", "window", "kind", "from", "to", "users", "requests", "answers/s", "p50", "p95", "p99", "max"),
    *("accepted", "shed", "errors"),
)
NAME_HEADERS = ("pattern", "request", "requests", "answers/s", "p50", "p95", "p99", "max", "accepted", "shed", "errors")
JUDGED = ("steady", "peak")
"""The kinds of windows that stand for a pattern in the table of verdicts."""


def patterns(result: RunResult) -> list[ScenarioResult]:
    """Pick what has the numbers of a pattern."""
    return [one for one in result.scenarios if one.pattern is not None]


def pattern_rows(result: RunResult) -> Iterator[tuple[str, ...]]:
    """Write the verdict table: one line for each steady window and peak, as HEADERS names the columns."""
    for scenario in result.scenarios:
        pattern = scenario.pattern
        if pattern is None:
            yield (scenario.id, scenario.verdict, *(NOTHING for _ in HEADERS[2:]))
            continue
        if pattern.breaking is not None and not pattern.windows:
            yield (scenario.id, scenario.verdict, "at the knee", *knee_numbers(pattern.breaking), "", "", "", "")
            continue
        shown: Sequence[FoundAnswers] = [one for one in pattern.windows if one.kind in JUDGED] or [pattern.whole]
        for number, answers in enumerate(shown):
            named = ("", "") if number else (scenario.id, scenario.verdict)
            yield (
                *named,
                answers.name,
                rate(answers.rate),
                *(latency(value) for value in (answers.p95_ms, answers.p99_ms)),
                *shares(answers),
                calm_text(pattern, number),
            )


def window_rows(result: RunResult) -> Iterator[tuple[str, ...]]:
    """Write every window of every pattern, and each pattern as a whole, as WINDOW_HEADERS names the columns."""
    for scenario in patterns(result):
        assert scenario.pattern is not None
        for window in scenario.pattern.windows:
            yield (scenario.id, *_place(window), *_numbers(window))
        whole = scenario.pattern.whole
        yield (scenario.id, "all", "", "", "", str(scenario.pattern.peak_users), *_numbers(whole))


def name_rows(result: RunResult) -> Iterator[tuple[str, ...]]:
    """Write each kind of request of every pattern that has several, as NAME_HEADERS names the columns."""
    for scenario in patterns(result):
        assert scenario.pattern is not None
        if len(scenario.pattern.by_name) > 1:
            for answers in scenario.pattern.by_name:
                yield scenario.id, answers.name, *_numbers(answers)


def told(result: ScenarioResult) -> str:
    """Say a pattern's verdict with its numbers in one line."""
    text = f"{result.id} {result.verdict}"
    if result.verdict != "PASS" and result.reasons:
        return f"{text}: {result.reasons[0]}"
    if result.pattern is None:
        return text
    broken = result.pattern.breaking
    if broken is not None and not result.pattern.windows:
        return f"{text}: {knee_text(result)}"
    steady = next((window for window in result.pattern.windows if window.kind in JUDGED), None)
    answers: FoundAnswers = steady or result.pattern.whole
    accepted, shed, errors = shares(answers)
    return f"{text}: {rate(answers.rate)} answers/s, p95 {latency(answers.p95_ms)}, {accepted} accepted, {shed} shed, {errors} errors"


def load_summary(result: RunResult) -> list[tuple[str, str]]:
    """Write what all patterns together amount to, and the knee, as (what, value) pairs."""
    found = [one.pattern for one in patterns(result) if one.pattern is not None]
    if not found:
        return []
    counts = [sum(getattr(one.whole, what) for one in found) for what in ("requests", "accepted", "shed", "errors")]
    lines = [("requests", "{}: {} accepted, {} shed, {} failed".format(*counts))]
    for scenario in patterns(result):
        broken = scenario.pattern.breaking if scenario.pattern else None
        if broken is not None:
            lines.append((scenario.id, knee_text(scenario)))
    return lines


def load_lines(result: RunResult, results: Path | None = None) -> list[tuple[str, str]]:
    """Write the run's summary as (what, value) pairs. `results`: the folder that holds the run's folder."""
    common = dict(summary_lines(result, results))
    return [
        ("patterns", common["scenarios"]),
        ("run", f"profile {result.profile}, {result.wall_seconds:.1f} s"),
        *load_summary(result),
        ("lab", common["lab"]),
        *([("page", str(results / result.run_id / PAGE))] if results is not None else []),
        ("exit code", common["exit code"]),
    ]


def knee_text(scenario: ScenarioResult) -> str:
    """Say where a pattern broke the system."""
    found = scenario.pattern.breaking if scenario.pattern else None
    if found is None:
        return "no knee was looked for"
    if not found.broke:
        return f"held up to {found.knee_rate:.0f} answers/s (p95 {latency(found.p95_ms)})"
    return f"broke after {found.knee_rate:.0f} answers/s (p95 {latency(found.p95_ms)}), at {found.users} users: {found.how}"


def knee_numbers(found: FoundBreak) -> tuple[str, str, str]:
    """Write the knee's rate and percentiles."""
    return rate(found.knee_rate), latency(found.p95_ms), latency(found.p99_ms)


def calm_text(pattern: FoundPattern, number: int) -> str:
    """Say how long after the drop behind the `number`-th judged window it was calm again."""
    if number >= len(pattern.returns):
        return ""
    seconds = pattern.returns[number].seconds
    return "NOT" if seconds is None else f"{seconds:.1f} s"


def rate(value: float | None) -> str:
    """Write a rate per second."""
    return NOTHING if value is None else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def latency(milliseconds: float | None) -> str:
    """Write a latency."""
    return NOTHING if milliseconds is None else duration(milliseconds)


def shares(answers: FoundAnswers) -> tuple[str, str, str]:
    """Write the shares of accepted, shed and failed; what is there is never shown as 0%, what lacks never as 100%."""
    accepted, shed, errors = (
        _share(count, answers.requests) for count in (answers.accepted, answers.shed, answers.errors)
    )
    return accepted, shed, errors


def _share(count: int, of: int) -> str:
    if not of:
        return NOTHING
    percent = 100 * count / of
    if 0 < percent < 0.05:
        return "<0.1%"
    if 99.95 <= percent < 100:
        return ">99.9%"
    return f"{percent:.1f}%" if 0 < percent < 100 else f"{percent:.0f}%"


def _place(window: FoundWindow) -> tuple[str, ...]:
    edges = (f"{window.start_seconds:.1f} s", f"{window.end_seconds:.1f} s")
    return window.name, window.kind, *edges, str(window.peak_users)


def _numbers(answers: FoundAnswers) -> tuple[str, ...]:
    times = (answers.p50_ms, answers.p95_ms, answers.p99_ms, answers.max_ms)
    return str(answers.requests), rate(answers.rate), *(latency(value) for value in times), *shares(answers)
