"""load.html: a run of load on one page that needs nothing but itself; and each picture as a file of its own."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from chaoslab.errors import Exit
from chaoslab.model.result import RunResult, ScenarioResult
from chaoslab.report.load_picture import picture
from chaoslab.report.load_wording import (
    HEADERS,
    NAME_HEADERS,
    PAGE,
    WINDOW_HEADERS,
    knee_text,
    load_summary,
    name_rows,
    pattern_rows,
    patterns,
    window_rows,
)
from chaoslab.report.wording import MEANING
from chaoslab.store import RunFolder

THRESHOLD_HEADERS = ("measure", "of", "in", "observed", "bound", "n", "met", "beside it")
STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 24px auto; max-width: 1000px; padding: 0 16px; color: #222; background: #fff }
h1 { font-size: 22px } h2 { font-size: 17px; margin: 34px 0 6px; border-top: 1px solid #ddd; padding-top: 18px }
table { border-collapse: collapse; margin: 10px 0; font-size: 12.5px; display: block; overflow-x: auto }
th, td { padding: 3px 9px; text-align: right; border-bottom: 1px solid #e4e4e4; white-space: nowrap }
th { color: #555; font-weight: 600 } td.words, th.words { text-align: left }
.verdict { font-weight: 700 } .PASS { color: #1d7a3e } .WARN { color: #9a6700 } .FAIL, .ERROR { color: #b3202a } .INCONCLUSIVE { color: #9a6700 }
.SKIPPED, .NOT { color: #666 } svg { max-width: 100%; height: auto } p.note, li { color: #444 } details { margin: 6px 0 } summary { cursor: pointer }
"""


def write_load_page(folder: RunFolder, result: RunResult) -> None:
    """Write load.html and load/<pattern>/picture.svg. Raises LabError when one cannot be written."""
    for scenario in patterns(result):
        if scenario.pattern is not None:
            drawing = picture(scenario.pattern, f"{scenario.id}: {scenario.name}")
            folder.write(f"load/{scenario.id}/picture.svg", ET.tostring(drawing, encoding="unicode") + "\n")
    folder.write(PAGE, page(result))


def page(result: RunResult) -> str:
    """Write the whole run as HTML. Every text is escaped by ElementTree; nothing is fetched from anywhere."""
    root = ET.Element("html", lang="en")
    head, body = ET.SubElement(root, "head"), ET.SubElement(root, "body")
    ET.SubElement(head, "meta", charset="utf-8")
    ET.SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    ET.SubElement(head, "title").text = f"chaoslab load {result.run_id}"
    ET.SubElement(head, "style").text = STYLE
    _heading(body, result)
    for scenario in result.scenarios:
        _pattern(body, result, scenario)
    text = ET.tostring(root, encoding="unicode", method="html", short_empty_elements=True)
    return f"<!DOCTYPE html>\n{text}\n"


def _heading(body: ET.Element, result: RunResult) -> None:
    ET.SubElement(body, "h1").text = f"chaoslab load {result.run_id}"
    lines = [
        ("profile", f"{result.profile}, {result.wall_seconds:.0f} s, started {result.started}"),
        *load_summary(result),
        ("exit code", f"{result.exit_code} ({MEANING[Exit(result.exit_code)]})"),
    ]
    summary = ET.SubElement(body, "table")
    for what, value in lines:
        row = ET.SubElement(summary, "tr")
        ET.SubElement(row, "th", {"class": "words"}).text = what
        ET.SubElement(row, "td", {"class": "words"}).text = value
    _table(body, HEADERS, list(pattern_rows(result)), words=3)
    for note in result.notes:
        ET.SubElement(body, "p", {"class": "note"}).text = note


def _pattern(body: ET.Element, result: RunResult, scenario: ScenarioResult) -> None:
    heading = ET.SubElement(body, "h2", id=scenario.id)
    verdict = ET.SubElement(heading, "span", {"class": f"verdict {scenario.verdict}"})
    verdict.text, verdict.tail = scenario.verdict, f" {scenario.id}: {scenario.name}"
    if scenario.reasons:
        told = ET.SubElement(body, "ul")
        for reason in scenario.reasons:
            ET.SubElement(told, "li").text = reason
    pattern = scenario.pattern
    if pattern is None:
        return
    if pattern.breaking is not None:
        ET.SubElement(body, "p", {"class": "note"}).text = knee_text(scenario)
    if len(pattern.series.users) > 1:
        body.append(picture(pattern, f"{scenario.id}: {scenario.name}"))
    _table(body, THRESHOLD_HEADERS, threshold_rows(scenario), words=3)
    own = result.model_copy(update={"scenarios": (scenario,)})
    _details(body, "windows", WINDOW_HEADERS[1:], [row[1:] for row in window_rows(own)], 2)
    _details(body, "requests by name", NAME_HEADERS[1:], [row[1:] for row in name_rows(own)], 1)
    _details(body, "answers", ("answer", "requests"), [(one, str(n)) for one, n in pattern.outcomes.items()], 1)
    _details(body, f"environment of {pattern.script}", ("name", "value"), list(pattern.environment.items()), 2)


def threshold_rows(scenario: ScenarioResult) -> list[tuple[str, ...]]:
    """Write a pattern's thresholds, as THRESHOLD_HEADERS names the columns."""
    met = {True: "yes", False: "NO", None: "unknown"}
    return [
        (
            found.measure,
            found.of or "",
            found.phase or "",
            "-" if found.observed is None else f"{found.observed:.4g}",
            found.bound,
            str(found.n),
            met[found.met] + (" (warn)" if found.warn else ""),
            found.note,
        )
        for found in scenario.expectations
    ]


def _details(body: ET.Element, what: str, headers: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> None:
    if rows:
        details = ET.SubElement(body, "details")
        ET.SubElement(details, "summary").text = what
        _table(details, headers, rows, words=words)


def _table(parent: ET.Element, headers: Sequence[str], rows: Sequence[Sequence[str]], *, words: int) -> None:
    """Write a table whose first `words` columns are text, the others numbers."""
    if not rows:
        return
    table = ET.SubElement(parent, "table")
    for kind, cells in (("th", headers), *(("td", row) for row in rows)):
        line = ET.SubElement(table, "tr")
        for number, cell in enumerate(cells):
            drawn = ET.SubElement(line, kind, {"class": "words"} if number < words else {})
            drawn.text = cell
            if kind == "td" and cell in MARKED:
                drawn.set("class", f"words verdict {cell}")


MARKED = frozenset({"PASS", "WARN", "FAIL", "ERROR", "INCONCLUSIVE", "SKIPPED", "NOT RUN"})
"""Cells that are a verdict, and are coloured as such."""
