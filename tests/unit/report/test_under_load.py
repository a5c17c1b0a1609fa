"""The load of scenarios on the console, in summary.md and while it runs."""

import io
import re

from rich.console import Console

from chaoslab.model.result import FoundLoadPhase, FoundUnderLoad, RunResult
from chaoslab.report.console import Lines, View
from chaoslab.report.markdown import summary
from chaoslab.report.under_load import load_lines, load_rows
from unit.report.results import run, scenario
from unit.report.test_console import Hand, printed
from unit.verdict.made import planned


def phase(errors: int = 0, requests: int = 1000, shed: int = 5) -> FoundLoadPhase:
    """Make a phase of 10 s."""
    told = {"p50_ms": 20.0, "p95_ms": 41.26, "p99_ms": 60.0, "max_ms": 99.0}
    latencies = told if requests else dict.fromkeys(told)
    return FoundLoadPhase(
        seconds=10.0,
        requests=requests,
        per_second=requests / 10,
        accepted=requests - errors - shed,
        shed=shed,
        errors=errors,
        error_rate=errors / requests if requests else None,
        **latencies,
    )


def loaded() -> RunResult:
    """Make a run of a scenario with load and one without."""
    phases = {
        "before": phase(),
        "during": phase(errors=512),
        "after": phase(requests=0, shed=0),
        "whole": phase(1, 20_000),
    }
    under_load = FoundUnderLoad(script="some.js", vus=20, phases=phases, not_accepted={"refused": 512})
    return run(scenario(id="UL-001", under_load=under_load), scenario())


def test_each_phase_has_a_row() -> None:
    """Requests, errors and shed as shares of the phase, latencies; a phase without requests shows none."""
    before, during, after, whole = load_rows(loaded().scenarios)
    assert before == ("UL-001", "before", "1000", "100.0", "0.00%", "0.50%", "20.0", "41.3", "60.0", "99.0")
    assert during[4] == "51.20%"
    assert after[2:] == ("0", "0.0", "-", "-", "-", "-", "-", "-")
    assert whole[4] == "< 0.01%"


def test_console_and_markdown_show_the_same_rows() -> None:
    """The table stands below the verdicts, and in summary.md; a run without load has none."""
    assert "UL-001  during" in printed(loaded())
    assert "| UL-001 | during |" in re.sub(" +", " ", summary(loaded()))
    assert load_lines(run(scenario()).scenarios) == []
    assert "## Load" not in summary(run(scenario()))


def test_numbers_of_the_moment_are_few_lines_in_a_log() -> None:
    """A log gets a line every five seconds, whatever is told meanwhile."""
    out, hand = io.StringIO(), Hand()
    lines = Lines(Console(file=out, width=100), hand)
    for second in range(1, 12):
        hand.seconds = second
        lines.live(f"load: {second}/s")
    lines.live("")
    assert out.getvalue().splitlines() == ["[   5.0 s] load: 5/s", "[  10.0 s] load: 10/s"]


def test_numbers_of_the_moment_stand_in_the_live_line() -> None:
    """A terminal shows them before the phase, until they end."""
    out, hand = io.StringIO(), Hand()
    console = Console(file=out, width=100, no_color=True)
    view = View(console, hand)
    view.scenario_started(planned())
    view.phase("hold", 12, "latency")
    view.live("load: 7/s")
    console.print(view.render())
    view.live("")
    console.print(view.render())
    first, second = out.getvalue().splitlines()
    assert "load: 7/s | S-1 hold 12 s: latency" in first
    assert "load:" not in second
