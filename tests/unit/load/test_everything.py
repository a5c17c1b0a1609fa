"""`chaoslab all`: every part runs, one summary says what came of it."""

import json
from pathlib import Path

from chaoslab.clock import SystemClock
from chaoslab.errors import InputError, LabError, Problem
from chaoslab.everything import Part, run_all
from chaoslab.model.result import RunResult
from chaoslab.report.everything import lines
from chaoslab.store import StopFlag
from unit.report.results import run, scenario


def part(*verdicts: str, **keys: object) -> Part:
    """Make a part whose scenarios end like this."""

    def runs(results: Path) -> RunResult:
        assert results.parent.name.startswith("all_")
        found = [scenario(one, f"X-{n}", success_count=90, error_count=10, **keys) for n, one in enumerate(verdicts)]
        return run(*found)

    return runs


def fails(results: Path) -> RunResult:
    """Fail like a lab that does not come up."""
    raise LabError(f"nothing came up for {results.name}", remedy="look")


def test_every_part_runs_whatever_became_of_the_one_before(tmp_path: Path) -> None:
    """A part that fails or cannot run is told; the worst exit code decides; totals are over all."""
    parts = {"chaos": part("PASS", "FAIL"), "load": fails, "stress": part("WARN")}
    result = run_all(parts, tmp_path, SystemClock(), StopFlag())
    assert [(one.name, one.exit_code) for one in result.parts] == [("chaos", 1), ("load", 4), ("stress", 0)]
    assert (result.exit_code, result.scenarios, result.passed, result.success_rate) == (4, 3, 2, 0.9)
    stored = json.loads((tmp_path / "latest" / "all.json").read_text())
    assert [one["name"] for one in stored["parts"]] == ["chaos", "load", "stress"]
    said = "\n".join(lines(result, tmp_path))
    assert "- chaos: FAIL X-1: because of FAIL" in said
    assert "- load: nothing came up for load" in said
    assert "2 of 3 passed" in said
    assert "| chaos" in (tmp_path / "latest" / "all.md").read_text()


def test_a_request_to_stop_ends_it_after_the_part_under_way(tmp_path: Path) -> None:
    """What was not started is not in the summary; the interrupted part's code decides."""
    stop = StopFlag()

    def interrupted(results: Path) -> RunResult:
        assert results.name == "chaos"
        stop.set("SIGINT")
        return run(scenario("INCONCLUSIVE"), interrupted=True)

    result = run_all({"chaos": interrupted, "load": part("PASS")}, tmp_path, SystemClock(), stop)
    assert [one.name for one in result.parts] == ["chaos"]
    assert result.exit_code == 130


def test_all_passed_says_so(tmp_path: Path) -> None:
    """Nothing to look into: the page says that, and the exit code is 0."""
    result = run_all({"chaos": part("PASS")}, tmp_path, SystemClock(), StopFlag())
    assert result.exit_code == 0
    assert "nothing: all passed" in (tmp_path / "latest" / "all.md").read_text()


def test_without_any_part_nothing_was_judged(tmp_path: Path) -> None:
    """Skipping everything is no pass."""
    assert run_all({}, tmp_path, SystemClock(), StopFlag()).exit_code == 3


def test_bad_input_of_a_part_is_its_exit_code(tmp_path: Path) -> None:
    """Files that turn bad between reading and running are told with their part."""

    def bad(_results: Path) -> RunResult:
        raise InputError([Problem("x.json", "$", "is gone")])

    result = run_all({"load": bad}, tmp_path, SystemClock(), StopFlag())
    assert result.exit_code == 2
    assert "is gone" in result.parts[0].error
