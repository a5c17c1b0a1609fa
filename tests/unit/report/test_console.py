"""The console's lines, table and summary, at several widths, piped and on a terminal."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from chaoslab.model.plan import Plan
from chaoslab.model.result import RunResult
from chaoslab.report.console import Lines, View, console_progress, print_result
from chaoslab.report.progress import Silence
from unit.report.results import EVERY, all_verdicts, proof, run, scenario
from unit.verdict.made import planned


class Hand:
    """A clock that stands still until it is moved."""

    seconds = 0.0

    def now_ns(self) -> int:
        """Give the hand's instant."""
        return int(self.seconds * 1e9)

    def wall(self) -> float:
        """Give no date."""
        return 0.0

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.seconds += seconds


def printed(result: RunResult, width: int = 100, *, terminal: bool = False) -> str:
    """Print a result as a console of this width would."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=terminal, no_color=not terminal, emoji=False, highlight=False
    )
    print_result(result, Path("results"), console)
    return out.getvalue()


def table_lines(text: str, mark: str) -> list[str]:
    """Pick the lines of the table: those that begin with the mark."""
    return [line for line in text.splitlines() if line.startswith(mark)]


@pytest.mark.parametrize("width", [80, 100])
def test_every_scenario_has_one_line_within_the_width(width: int) -> None:
    """Long names and proofs are cut; id, verdict and recovery are not."""
    long_name = scenario("INCONCLUSIVE", name="A very long name of a scenario " * 3, proofs=(proof(proven=False),))
    text = printed(run(long_name, scenario(recovery="rode_out", longest_outage_ms=51.2)), width)
    assert all(len(line) <= width for line in table_lines(text, "NF-002"))
    first, second = table_lines(text, "NF-002")
    assert "INCONCLUSIVE" in first
    assert "1.234 s ± 6 ms" in first
    assert "no outage > 51 ms" in second


def test_the_table_names_proof_outage_and_recovery() -> None:
    """One line per scenario says it all."""
    [line] = table_lines(printed(run(scenario())), "NF-002")
    assert " ".join(line.split()) == "NF-002 High latency PASS 512 ms 11.001 s 1.234 s ± 6 ms"


def test_all_verdicts_are_told_with_their_reasons() -> None:
    """Below the table each scenario that did not pass says why."""
    text = printed(all_verdicts())
    for verdict in EVERY[:-1]:
        assert f"- because of {verdict}" in text
    assert "7: 1 FAIL, 1 ERROR, 1 INCONCLUSIVE, 1 SKIPPED, 1 NOT RUN, 1 WARN, 1 PASS" in text


def test_the_summary_tells_overhead_observer_lab_results_and_exit_code() -> None:
    """Everything a reader wants to know of the run is in its last lines."""
    text = printed(run(scenario(), scenario(overhead_seconds=0.8), lab_clean=False))
    assert "at most 0.80 s, mean 0.60 s per scenario" in text
    assert "4.1% of one core, 3 late sends" in text
    assert "NOT CLEAN" in text
    assert "results/20260101_120000" in text
    assert "exit code  5 (the lab was left dirty" in text


def test_no_colour_no_escape() -> None:
    """Without a terminal the text holds no escape sequence; control characters of a file never reach the terminal."""
    evil = scenario("FAIL", name="bad \x1b[31mname", reasons=("line\x1b]0;title\x07", "[bold]markup[/bold]"))
    text = printed(run(evil))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]markup[/bold]" in text
    assert "\x1b]0" not in printed(run(evil), terminal=True)


def test_a_console_without_unicode_gets_ascii() -> None:
    """The error bar's sign does not break a console that cannot show it."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    print_result(run(scenario()), Path("results"), Console(file=out, width=100, no_color=True))
    out.flush()
    out.buffer.seek(0)
    assert b"1.234 s +- 6 ms" in out.buffer.read()


def test_piped_progress_is_one_line_per_step() -> None:
    """Each step is a line with the seconds since the start."""
    out, hand = io.StringIO(), Hand()
    lines = Lines(Console(file=out, width=100), hand)
    plan = Plan("quick", 7, (planned(),))
    lines.run_started(plan, Path("results/x"))
    lines.step("bringing the lab up")
    hand.seconds = 12.34
    lines.scenario_started(planned())
    lines.phase("hold", 12, "latency 500 ms\x1b on hive-proxy")
    lines.phase("recreate", 0, "hive")
    lines.scenario_ended(scenario("FAIL"))
    assert out.getvalue().splitlines() == [
        "[   0.0 s] 1 scenario, profile quick, seed 7, windows 18 s, at most 60 s, results in results/x",
        "[   0.0 s] bringing the lab up",
        "[  12.3 s] S-1 A scenario (1 of 1)",
        "[  12.3 s] S-1 hold 12 s: latency 500 ms? on hive-proxy",
        "[  12.3 s] S-1 recreate: hive",
        "[  12.3 s] NF-002 FAIL, 1.234 s ± 6 ms: because of FAIL",
    ]


@pytest.mark.parametrize("width", [80, 100])
def test_the_live_line_fits_and_counts(width: int) -> None:
    """The live line is one line with the phase, its time and its place in the run."""
    out, hand = io.StringIO(), Hand()
    console = Console(file=out, width=width, no_color=True)
    view = View(console, hand)
    view.run_started(Plan("quick", 7, (planned(),)), Path("r"))
    view.scenario_started(planned())
    view.phase("hold", 12, "latency 500 ms on hive-proxy " * 5)
    hand.seconds = 3.0
    out.truncate(out.seek(0))
    console.print(view.render())
    [line] = out.getvalue().splitlines()
    assert len(line) <= width
    assert line.startswith("1/1 S-1 hold 12 s: latency 500 ms")
    assert "3.0 s" in line
    view.scenario_ended(scenario("PASS"))
    assert "NF-002 PASS" in out.getvalue()


def test_quiet_progress_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json stdout belongs to the JSON."""
    with console_progress(quiet=True) as progress:
        progress.step("anything")
        progress.run_started(Plan("quick", 7, ()), Path("r"))
        progress.scenario_started(planned())
        progress.phase("hold", 1, "x")
        progress.scenario_ended(scenario())
    assert isinstance(progress, Silence)
    assert capsys.readouterr() == ("", "")


def test_progress_without_a_terminal_is_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe gets plain lines."""
    with console_progress(clock=Hand()) as progress:
        progress.step("bringing the lab up")
    assert capsys.readouterr().out == "[   0.0 s] bringing the lab up\n"
