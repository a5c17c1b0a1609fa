"""The load of scenarios as the rows that console and Markdown share: one for each phase, and one for the whole."""

from collections.abc import Iterator, Sequence

from chaoslab.model.result import FoundLoadPhase, ScenarioResult
from chaoslab.report.wording import NOTHING

HEADERS = ("load", "phase", "requests", "per s", "errors", "shed", "p50 ms", "p95 ms", "p99 ms", "max ms")


def load_rows(scenarios: Sequence[ScenarioResult]) -> Iterator[tuple[str, ...]]:
    """Write the phases of every scenario with load, as HEADERS names their columns."""
    for scenario in scenarios:
        for name, found in scenario.under_load.phases.items() if scenario.under_load else ():
            yield (
                scenario.id,
                name,
                str(found.requests),
                NOTHING if found.per_second is None else f"{found.per_second:.1f}",
                share(found.errors, found),
                share(found.shed, found),
                *(milliseconds(value) for value in (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms)),
            )


def load_lines(scenarios: Sequence[ScenarioResult]) -> list[str]:
    """Write the table as plain lines; nothing without load."""
    rows = list(load_rows(scenarios))
    if not rows:
        return []
    from tabulate import tabulate  # noqa: PLC0415 - only where a table is printed

    right = ("left", "left", *("right" for _ in HEADERS[2:]))
    return tabulate(rows, HEADERS, tablefmt="simple", disable_numparse=True, colalign=right).splitlines()


def share(count: int, found: FoundLoadPhase) -> str:
    """Write a count as a share of the phase's requests; what is more than nothing never reads as 0%."""
    if not found.requests:
        return NOTHING
    percent = 100 * count / found.requests
    return "< 0.01%" if 0 < percent < 0.01 else f"{percent:.2f}%"


def milliseconds(value: float | None) -> str:
    """Write a latency in ms."""
    return NOTHING if value is None else f"{value:.1f}"
