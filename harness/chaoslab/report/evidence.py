"""evidence.csv: the course of every scenario as key and value, one below the other, for people and spreadsheets."""

import csv
import io
from collections.abc import Iterator

from chaoslab.model.result import RunResult, ScenarioResult

HEADERS = ("key", "value")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula at the start of a cell."""


def evidence_csv(result: RunResult) -> str:
    """Write the run as CSV (RFC 4180): every scenario begins with the key `scenario` and ends with `test_result`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADERS)
    for scenario in result.scenarios:
        for key, value in _rows(scenario):
            writer.writerow((_plain(key), _plain(value)))
    return text.getvalue()


def _rows(scenario: ScenarioResult) -> Iterator[tuple[str, str]]:
    yield "scenario", scenario.id
    yield "started", scenario.started
    yield from scenario.transitions.items()
    yield "success_count", str(scenario.success_count)
    yield "error_count", str(scenario.error_count)
    for found in scenario.expectations:
        what = "_".join(word for word in (found.of, found.measure, found.name, found.phase) if word)
        yield what, "unknown" if found.observed is None else f"{found.observed:.6g}"
    yield "recovery", scenario.recovery
    yield "mttr", "none" if scenario.mttr is None else f"{scenario.mttr:.3f}"
    yield "test_result", scenario.verdict


def _plain(text: str) -> str:
    """Keep a text from being run as a formula, unless it is a number."""
    try:
        float(text)
    except ValueError:
        return f"'{text}" if text.startswith(FORMULA) else text
    return text
