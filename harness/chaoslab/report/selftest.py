"""The self-test's table, bug by scenario: for the console, Markdown and JSON. Computes nothing."""

from collections.abc import Iterator, Sequence

from chaoslab.errors import Exit
from chaoslab.model.selftest import FoundBug, FoundCell, SelfTestResult
from chaoslab.report.markdown import escaped
from chaoslab.report.wording import NOTHING
from chaoslab.store import RunFolder

FILE, PAGE = "selftest.json", "selftest.md"
HEADERS = ("lab", "must FAIL", "must pass", "verdict")


def write_self_test(folder: RunFolder, result: SelfTestResult) -> None:
    """Write selftest.json and selftest.md. Raises LabError when they cannot be written."""
    folder.write_json(FILE, result.model_dump(mode="json"))
    folder.write(PAGE, page(result))


def rows(result: SelfTestResult) -> list[tuple[str, ...]]:
    """Write one line per lab, as HEADERS names its columns."""
    return [
        *((bug.name, _must_fail(bug), _must_pass(bug), bug_verdict(bug)) for bug in result.bugs),
        *((name, NOTHING, NOTHING, "NOT RUN") for name in result.missing),
    ]


def bug_verdict(bug: FoundBug) -> str:
    """Say in a word or two what became of one lab."""
    outcomes = {cell.outcome for cell in bug.cells}
    for outcome in ("missed", "false alarm", "not judged"):
        if outcome in outcomes:
            return outcome.upper()
    return "caught" if "caught" in outcomes else "healthy"


def page(result: SelfTestResult) -> str:
    """Write the self-test as GitHub-flavoured Markdown: the summary, then every bug by every scenario."""
    return "\n".join(_lines(result)) + "\n"


def lines(result: SelfTestResult) -> list[str]:
    """Write the summary as plain lines for the console, with each scenario that did not say what it had to."""
    from tabulate import tabulate  # noqa: PLC0415 - only where a table is printed

    table = tabulate(rows(result), headers=HEADERS, tablefmt="simple", disable_numparse=True)
    wrong = [
        f"{bug.name}: {cell.scenario} {cell.outcome}: {cell.verdict}, must be {cell.expected}. {cell.reason}".rstrip()
        for bug in result.bugs
        for cell in _wrong(bug)
    ]
    return [*table.splitlines(), "", *wrong, told(result)]


def told(result: SelfTestResult) -> str:
    """Say the whole in one sentence."""
    bugs = [bug for bug in result.bugs if any(cell.expected == "FAIL" for cell in bug.cells)]
    caught = sum(bug.fine for bug in bugs)
    left = f", {len(result.missing)} not run" if result.missing else ""
    how = "every bug was caught" if result.exit_code == Exit.PASSED else f"exit code {result.exit_code}"
    return f"{caught} of {len(bugs)} bugs caught, with nothing else failing{left}: {how}"


def _lines(result: SelfTestResult) -> Iterator[str]:
    yield f"# chaoslab self-test {escaped(result.test_id)}"
    yield ""
    yield escaped(told(result))
    yield ""
    yield from _table(rows(result), HEADERS)
    yield ""
    yield "## Bug by scenario"
    yield ""
    bugs = [bug for bug in result.bugs if any(cell.expected == "FAIL" for cell in bug.cells)]
    scenarios = sorted({cell.scenario for bug in bugs for cell in bug.cells})
    yield from _table(
        [_matrix_row(scenario, bugs) for scenario in scenarios], ["scenario", *(bug.name for bug in bugs)]
    )
    yield ""
    yield "## Why"
    yield ""
    for bug in result.bugs:
        for cell in bug.cells:
            if cell.outcome != "passed":
                yield f"- {escaped(bug.name)}: {escaped(cell.scenario)} {cell.outcome} ({cell.verdict}). {escaped(cell.reason)}"


def _matrix_row(scenario: str, bugs: Sequence[FoundBug]) -> tuple[str, ...]:
    cells = [next((cell.outcome for cell in bug.cells if cell.scenario == scenario), "") for bug in bugs]
    return (scenario, *cells)


def _table(table: Sequence[Sequence[str]], headers: Sequence[str]) -> list[str]:
    from tabulate import tabulate  # noqa: PLC0415 - only where a table is printed

    cells = [[escaped(cell) for cell in line] for line in table]
    return tabulate(cells, headers=list(headers), tablefmt="pipe", disable_numparse=True).splitlines()


def _must_fail(bug: FoundBug) -> str:
    cells = [cell for cell in bug.cells if cell.expected == "FAIL"]
    return ", ".join(f"{cell.scenario} {cell.outcome}" for cell in cells) or NOTHING


def _must_pass(bug: FoundBug) -> str:
    cells = [cell for cell in bug.cells if cell.expected == "PASS"]
    wrong = [f"{cell.scenario} {cell.outcome}" for cell in cells if cell.outcome != "passed"]
    passed = sum(cell.outcome == "passed" for cell in cells)
    return f"{passed} of {len(cells)}" + (f": {', '.join(wrong)}" if wrong else "")


def _wrong(bug: FoundBug) -> list[FoundCell]:
    return [cell for cell in bug.cells if cell.outcome not in ("caught", "passed")]
