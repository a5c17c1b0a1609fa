"""A run of load, shown: console, page, picture, JUnit, Markdown."""

import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from chaoslab.model.load import SHED
from chaoslab.model.load_pattern import Breaks
from chaoslab.model.result import RunResult, ScenarioResult
from chaoslab.report import write_reports
from chaoslab.report.chart import Scale
from chaoslab.report.load_console import LoadLines, print_load
from chaoslab.report.load_page import page, write_load_page
from chaoslab.report.load_picture import picture
from chaoslab.report.load_wording import rate, shares, told
from chaoslab.store import RunFolder
from chaoslab.verdict.load import Ended, judge_pattern
from chaoslab.verdict.load.judge import found_answers
from chaoslab.verdict.load.tape import Recording, Tape
from unit.load.made import Answer, pattern, recording
from unit.report.results import run

SHAPE = (("base", 4), ("ramp", 6), ("peak", 5), ("drop", 1), ("rest", 6))


def bending(at: float) -> Answer:
    """Shed half and slow down between 7 and 15 s."""
    broken = 7 <= at < 15
    return 300 if broken else 60, SHED if broken and int(at * 200) % 2 else 200


def spiked(**keys: str) -> ScenarioResult:
    """Judge a peak that broke the system."""
    planned = pattern(SHAPE, [{"measure": "error_rate", "max": 0}], Breaks(p95_ms=200))
    result = judge_pattern(planned, recording(22, 100, bending), Ended("2026-01-01T00:00:00.000Z", 24.0, 0))
    return result.model_copy(update=keys)


def whole(*scenarios: ScenarioResult) -> RunResult:
    """Make a run of load of these."""
    return run(*(scenarios or (spiked(),)), profile="quick").model_copy(update={"summary": None, "suites": ()})


class Page(HTMLParser):
    """Collects tags, texts and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what would be fetched from elsewhere."""
        self.tags.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href", "data", "srcset")]


def test_the_page_needs_nothing_but_itself() -> None:
    """No script, no address: one picture per pattern, its tables below."""
    read = Page()
    read.feed(page(whole(spiked(), spiked(id="other"))))
    assert read.fetched == []
    assert read.tags.count("svg") == 2
    assert "script" not in read.tags


def test_names_cannot_break_out_of_the_page() -> None:
    """What a file or a server named is text, wherever it is shown."""
    evil = '<img src=x onerror="alert(1)">'
    text = page(whole(spiked(name=evil, suite=evil)))
    assert "<img" not in text
    assert "&lt;img" in text


@pytest.fixture
def drawn() -> ET.Element:
    """A picture of a pattern that broke."""
    found = spiked().pattern
    assert found is not None
    return ET.fromstring(ET.tostring(picture(found, "made")))  # noqa: S314 - our own words


def of_class(svg: ET.Element, kind: str) -> Iterator[ET.Element]:
    """Find what is drawn with a CSS class."""
    return (one for one in svg.iter() if kind in one.get("class", "").split())


def test_the_picture_shows_courses_windows_and_knee(drawn: ET.Element) -> None:
    """Percentiles, what became of the requests, each window in both fields, and where it broke."""
    assert all(list(of_class(drawn, kind)) for kind in ("p50", "p95", "p99", "accepted", "shed", "users", "limit"))
    assert len([one for one in of_class(drawn, "peak") if one.tag.endswith("rect")]) == 2
    knee = next(of_class(drawn, "knee"))
    (shed,) = (one for one in of_class(drawn, "shed") if one.tag.endswith("polygon"))
    first_shed = min(float(x) for x, y in re.findall(r"([\d.]+),([\d.]+)", shed.get("points", "")))
    assert "knee: 100 answers/s" in "".join(drawn.itertext())
    assert first_shed <= float(knee.get("x1", "0"))


def test_everything_lies_within_the_picture(drawn: ET.Element) -> None:
    """No mark is drawn outside of the picture's edges."""
    width, height = (float(drawn.get(side, "0")) for side in ("width", "height"))
    for line in (one for one in drawn.iter() if one.tag.endswith("line") and one.get("x1")):
        assert all(0 <= float(line.get(name, "-1")) <= width for name in ("x1", "x2"))
        assert all(0 <= float(line.get(name, "-1")) <= height for name in ("y1", "y2"))


@pytest.mark.parametrize("seconds", [0, 0.2, 3])
def test_a_picture_of_next_to_nothing_is_drawn(seconds: float) -> None:
    """A pattern that hardly ran has a picture, if an empty one."""
    result = judge_pattern(pattern(SHAPE), recording(seconds, 20, lambda _at: (5, "refused")), Ended())
    assert page(whole(result)).startswith("<!DOCTYPE html>")
    assert result.pattern is not None
    assert ET.tostring(picture(result.pattern, "nothing"))


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (Scale(0, 600, 0, 1), [0, 100, 200, 300, 400, 500, 600]),
        (Scale(0, 1.05, 0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (Scale(40, 1200, 0, 1, logarithmic=True), [50, 100, 200, 500, 1000]),
    ],
)
def test_axes_have_round_numbers(scale: Scale, ticks: list[float]) -> None:
    """One, two or five times a power of ten."""
    assert scale.ticks() == pytest.approx(ticks)


def test_the_run_folder_holds_page_pictures_and_reports(tmp_path: Path) -> None:
    """load.html, one picture per pattern, result.json, junit.xml and summary.md with the patterns' own tables."""
    folder = RunFolder(tmp_path)
    write_reports(folder, whole())
    write_load_page(folder, whole())
    assert ET.parse(tmp_path / "load" / "made" / "picture.svg")  # noqa: S314 - our own words
    stored = json.loads((tmp_path / "result.json").read_text())
    assert RunResult.model_validate(stored) == whole()
    summary = (tmp_path / "summary.md").read_text()
    assert "| pattern" in summary
    assert "## Windows" in summary
    assert "## Proofs" not in summary
    case = ET.parse(tmp_path / "junit.xml").find(".//testcase/system-out")  # noqa: S314 - the same
    assert case is not None
    assert "answers/s" in str(case.text)


def test_the_console_tells_verdicts_knee_and_where_the_page_is() -> None:
    """One line per judged window; what broke and how below it."""
    told_text = io.StringIO()
    print_load(whole(), Path("results"), Console(file=told_text, width=100))
    said = told_text.getvalue()
    assert re.search(r"^made +PASS +peak 2 +\d+\.\d +300 ms", said, re.MULTILINE)
    assert "broke after 100 answers/s (p95 60 ms), at 10 users" in said
    assert "results/20260101_120000/load.html" in said
    assert "MTTR" not in said


def test_progress_says_pattern_window_and_verdict() -> None:
    """Plain lines carry what a log needs."""
    told_text = io.StringIO()

    class Still:
        """A clock that stands."""

        def now_ns(self) -> int:
            return 0

        def wall(self) -> float:
            return 0.0

        def sleep(self, seconds: float) -> None:
            raise AssertionError(seconds)

    lines = LoadLines(Console(file=told_text, width=100), Still())
    lines.load_started(1, "quick", Path("results/x"))
    lines.pattern_started(pattern(SHAPE))
    lines.phase("peak 2", 5, "peak")
    lines.pattern_ended(spiked())
    said = told_text.getvalue().splitlines()
    assert "1 pattern of load, profile quick, results in results/x" in said[0]
    assert "made 22 s: Made by hand (1 of 1)" in said[1]
    assert "made peak 2 5 s: peak" in said[2]
    assert "made PASS: " in said[3]


@pytest.mark.parametrize(
    ("accepted", "shed", "shown"),
    [
        (10_000, 0, ("100%", "0%", "0%")),
        (9_999, 1, (">99.9%", "<0.1%", "0%")),
        (9_800, 100, ("98.0%", "1.0%", "1.0%")),
        (0, 0, ("0%", "0%", "100%")),
    ],
)
def test_no_share_is_rounded_to_all_or_nothing(accepted: int, shed: int, shown: tuple[str, ...]) -> None:
    """One shed request of ten thousand does not read as none."""
    answers = found_answers("all", Recording(Tape()).answers(), 1.0)
    counts = {"requests": 10_000, "accepted": accepted, "shed": shed, "errors": 10_000 - accepted - shed}
    assert shares(answers.model_copy(update=counts)) == shown


def test_what_is_unknown_is_no_number() -> None:
    """A pattern that was not run, or had no answers, shows dashes."""
    not_run = spiked().model_copy(update={"pattern": None, "verdict": "NOT RUN", "reasons": ("no knee",)})
    assert told(not_run) == "made NOT RUN: no knee"
    assert rate(None) == "-"
    said = io.StringIO()
    print_load(whole(not_run), Path("results"), Console(file=said, width=100))
    assert re.search(r"^made +NOT RUN +- ", said.getvalue(), re.MULTILINE)
