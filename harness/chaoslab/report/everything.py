"""The summary of `chaoslab all`: for the console, Markdown and JSON. Computes nothing."""

from collections.abc import Iterator
from pathlib import Path

from chaoslab.errors import Exit
from chaoslab.model.everything import AllResult, FoundPart
from chaoslab.report.markdown import escaped
from chaoslab.report.wording import MEANING, NOTHING
from chaoslab.store import RunFolder

FILE, PAGE = "all.json", "all.md"
HEADERS = ("part", "verdicts", "requests", "success", "time", "exit code", "results")
MOST_SHOWN = 12
"""What to look into on the console; all.md has the rest."""


def write_all(folder: RunFolder, result: AllResult) -> None:
    """Write all.json and all.md. Raises LabError when they cannot be written."""
    folder.write_json(FILE, result.model_dump(mode="json"))
    folder.write(PAGE, page(result))


def rows(result: AllResult) -> list[tuple[str, ...]]:
    """Write one line per part, as HEADERS names its columns."""
    return [
        (
            part.name,
            ", ".join(f"{count} {verdict}" for verdict, count in part.verdicts.items()) or "did not run",
            str(part.success_count + part.error_count),
            _rate(part),
            f"{part.wall_seconds:.0f} s",
            str(part.exit_code),
            part.run or NOTHING,
        )
        for part in result.parts
    ]


def lines(result: AllResult, results: Path) -> list[str]:
    """Write the summary as plain lines. `results`: the folder that holds the whole's folder."""
    from tabulate import tabulate  # noqa: PLC0415 - only where a table is printed

    table = tabulate(rows(result), headers=HEADERS, tablefmt="simple", disable_numparse=True)
    look = list(_look(result))
    more = [f"- {len(look) - MOST_SHOWN} more in {PAGE}"] if len(look) > MOST_SHOWN else []
    where = [f"results    {results / result.all_id}"]
    head = ["", "where to look:"] if look else []
    return [*table.splitlines(), *head, *look[:MOST_SHOWN], *more, "", *_totals(result), *where, _code(result)]


def page(result: AllResult) -> str:
    """Write the summary as GitHub-flavoured Markdown."""
    from tabulate import tabulate  # noqa: PLC0415 - only where a table is printed

    cells = [[escaped(cell) for cell in row] for row in rows(result)]
    table = tabulate(cells, headers=HEADERS, tablefmt="github", disable_numparse=True)
    look = [f"- {escaped(text[2:])}" for text in _look(result)] or ["nothing: all passed"]
    totals = [f"- {escaped(text)}" for text in (*_totals(result), _code(result))]
    return "\n".join(
        [f"# chaoslab all {escaped(result.all_id)}", "", table, "", *totals, "", "## Where to look", "", *look, ""]
    )


def _look(result: AllResult) -> Iterator[str]:
    for part in result.parts:
        yield from (f"- {part.name}: {text}" for text in (*([part.error] if part.error else []), *part.look))


def _totals(result: AllResult) -> list[str]:
    rate = NOTHING if result.success_rate is None else f"{100 * result.success_rate:.3f}%"
    return [
        f"scenarios  {result.passed} of {result.scenarios} passed",
        f"success    {rate} of the requests that were judged",
        f"time       {result.wall_seconds:.0f} s",
    ]


def _code(result: AllResult) -> str:
    return f"exit code  {result.exit_code} ({MEANING[Exit(result.exit_code)]})"


def _rate(part: FoundPart) -> str:
    total = part.success_count + part.error_count
    return f"{100 * part.success_count / total:.3f}%" if total else NOTHING
