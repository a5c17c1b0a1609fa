"""What repeats showed, as the rows that console and Markdown share."""

from collections.abc import Sequence

from chaoslab.model.result import FoundRepeats
from chaoslab.report.wording import NOTHING, duration

HEADERS = ("id", "repeats", "verdicts", "median recovery", "95% interval", "spread", "min to max", "steady")


def repeats_row(found: FoundRepeats) -> tuple[str, ...]:
    """Write one scenario's line, as HEADERS names its columns."""
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in found.verdicts.items())
    steady = "FLAKY" if found.flaky else "yes"
    if found.median_ms is None or found.min_ms is None or found.max_ms is None:
        ridden = "rode out" if found.rode_out else NOTHING
        return found.id, str(found.n), verdicts, ridden, NOTHING, NOTHING, NOTHING, steady
    ridden = f" ({found.rode_out} rode out)" if found.rode_out else ""
    return (
        found.id,
        str(found.n),
        verdicts,
        duration(found.median_ms) + ridden,
        " to ".join(duration(edge) for edge in found.interval_ms) if found.interval_ms else NOTHING,
        NOTHING if found.spread_ms is None else duration(found.spread_ms),
        f"{duration(found.min_ms)} to {duration(found.max_ms)}",
        steady,
    )


def repeats_lines(found: Sequence[FoundRepeats]) -> list[str]:
    """Write the table as plain lines, and name the flaky scenarios below it; nothing without repeats."""
    if not found:
        return []
    from tabulate import tabulate  # noqa: PLC0415 - only where a table is printed

    table = tabulate([repeats_row(one) for one in found], headers=HEADERS, tablefmt="simple", disable_numparse=True)
    return [*table.splitlines(), *(f"flaky: {text}" for text in flaky(found))]


def flaky(found: Sequence[FoundRepeats]) -> list[str]:
    """Name each scenario whose verdict differed between its repeats, with the counts."""
    return [
        f"{one.id}: " + ", ".join(f"{count} {verdict}" for verdict, count in one.verdicts.items())
        for one in found
        if one.flaky
    ]
