"""summary.md: the run on one page, for people and for a CI job's summary."""

import re
from collections.abc import Iterator, Sequence

from chaoslab.model.result import RunResult, ScenarioResult
from chaoslab.report.load_wording import HEADERS as PATTERN_HEADERS
from chaoslab.report.load_wording import WINDOW_HEADERS, load_lines, pattern_rows, patterns, window_rows
from chaoslab.report.objectives import SLO_HEADERS, SUITE_HEADERS, slo_rows, suite_rows
from chaoslab.report.repeats import HEADERS as REPEATS_HEADERS
from chaoslab.report.repeats import flaky, repeats_row
from chaoslab.report.under_load import HEADERS as LOAD_HEADERS
from chaoslab.report.under_load import load_rows
from chaoslab.report.wording import HEADERS, explained, measured_text, row, summary_lines

SPECIAL = re.compile(r"([\\`*_\[\]<>|~])")
CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def summary(result: RunResult) -> str:
    """Write the run as GitHub-flavoured Markdown."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: RunResult) -> Iterator[str]:
    yield f"# chaoslab run {escaped(result.run_id)}"
    yield ""
    if patterns(result):
        yield _table(list(pattern_rows(result)), PATTERN_HEADERS)
    else:
        yield _table([row(scenario) for scenario in result.scenarios], HEADERS)
    yield ""
    lines = load_lines(result) if patterns(result) else summary_lines(result)
    yield from (f"- {what}: {escaped(value)}" for what, value in lines)
    yield from (f"- {escaped(note)}" for note in result.notes)
    if loads := list(load_rows(result.scenarios)):
        yield ""
        yield "## Load"
        yield ""
        yield _table(loads, LOAD_HEADERS)
    if result.repeats:
        yield ""
        yield "## Repeats"
        yield ""
        yield _table([repeats_row(found) for found in result.repeats], REPEATS_HEADERS)
        yield ""
        yield from (f"- flaky: {escaped(text)}" for text in flaky(result.repeats))
    for scenario in explained(result):
        yield ""
        yield f"## {scenario.verdict} {escaped(scenario.id)} {escaped(scenario.name)}"
        yield ""
        yield from (f"- {escaped(text)}" for text in (*scenario.reasons, *scenario.notes))
    if patterns(result):
        yield ""
        yield "## Windows"
        yield ""
        yield _table(list(window_rows(result)), WINDOW_HEADERS)
    else:
        yield from _objectives(result)
        yield ""
        yield "## Proofs"
        yield ""
        yield _table([proof for scenario in result.scenarios for proof in _proofs(scenario)], PROOF_HEADERS)
    yield ""
    yield "## Expectations"
    yield ""
    yield _table([found for scenario in result.scenarios for found in _expectations(scenario)], EXPECTATION_HEADERS)


def _objectives(result: RunResult) -> Iterator[str]:
    if result.summary is None:
        return
    every = [*result.suites, result.summary] if len(result.suites) > 1 else list(result.suites)
    yield ""
    yield "## Summary"
    yield ""
    yield _table(suite_rows(every), SUITE_HEADERS)
    yield ""
    yield _table(list(slo_rows(every)), SLO_HEADERS)
    yield ""
    yield "## Recommendations"
    yield ""
    yield from [f"- {escaped(text)}" for text in result.summary.recommendations] or ["none"]


PROOF_HEADERS = ("fault", "injected", "measured", "expected", "proven")
EXPECTATION_HEADERS = ("scenario", "measure", "of", "phase", "observed", "bound", "n", "met")


def _proofs(scenario: ScenarioResult) -> Iterator[tuple[str, ...]]:
    for proof in scenario.proofs:
        yield proof.fault, proof.injected, measured_text(proof), proof.expected, "yes" if proof.proven else "NO"


def _expectations(scenario: ScenarioResult) -> Iterator[tuple[str, ...]]:
    for found in scenario.expectations:
        observed = found.note if found.observed is None else f"{found.observed:.6g}"
        met = {True: "yes", False: "NO", None: "unknown"}[found.met] + (" (warn)" if found.warn else "")
        measure = f"{found.measure} {found.name}" if found.name else found.measure
        yield scenario.id, measure, found.of or "", found.phase or "", observed, found.bound, str(found.n), met


def _table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    from tabulate import tabulate  # noqa: PLC0415 - only a finished run needs it

    cells = [[escaped(cell) for cell in cells] for cells in rows]
    return tabulate(cells, headers, tablefmt="github", disable_numparse=True) if cells else "none"


def escaped(text: str) -> str:
    """Take what Markdown or a terminal would act upon out of a text."""
    return SPECIAL.sub(r"\\\1", CONTROL.sub(" ", text))
