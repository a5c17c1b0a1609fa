"""How repeats and the self-test are shown."""

import io
import json
from pathlib import Path

from rich.console import Console

from chaoslab.model.selftest import Bug, SelfTestResult
from chaoslab.report.console import print_result
from chaoslab.report.markdown import summary
from chaoslab.report.repeats import repeats_lines
from chaoslab.report.selftest import lines, page, write_self_test
from chaoslab.store import RunFolder
from chaoslab.verdict.selftest import exit_code, judge_bug
from unit.report.results import run, scenario

REPEATED = run(
    *(scenario("PASS", f"A#{number}", time_to_recover_ms=100.0 * number) for number in range(1, 6)),
    scenario("PASS", "B#1", recovery="rode_out", time_to_recover_ms=None),
    scenario("FAIL", "B#2", recovery="rode_out", time_to_recover_ms=None),
)
OTHERS = ("B-1", "B-2", "B-3", "B-4", "B-5")


def self_tested(bystander: str = "PASS", missing: tuple[str, ...] = ()) -> SelfTestResult:
    """Make a self-test of one bug that is caught."""
    bug = Bug(name="no-retry", caught_by=("A-1",), bystanders=OTHERS)
    results = [scenario("FAIL", "A-1"), scenario(bystander, "B-1"), *(scenario("PASS", name) for name in OTHERS[1:])]
    found = (judge_bug(bug, run(*results), "no-retry/1"),)
    return SelfTestResult(test_id="selftest_1", exit_code=int(exit_code(found, missing)), bugs=found, missing=missing)


def test_repeats_are_one_line_per_scenario() -> None:
    """Median, interval, spread and extremes stand in the table; a flaky scenario is named below it."""
    text = "\n".join(repeats_lines(REPEATED.repeats))
    assert "300 ms" in text
    assert "100 ms to 500 ms" in text
    assert "rode out" in text
    assert text.endswith("flaky: B: 1 FAIL, 1 PASS")


def test_repeats_take_the_place_of_the_table_of_verdicts() -> None:
    """The console shows each repeated scenario once; what did not pass is still explained."""
    out = io.StringIO()
    print_result(REPEATED, Path("results"), Console(file=out, width=100))
    assert "\nA#1" not in out.getvalue()
    assert "FAIL B#2" in out.getvalue()
    assert "median recovery" in out.getvalue()


def test_repeats_are_in_the_summary() -> None:
    """summary.md has the same table, and names what is flaky."""
    text = summary(REPEATED)
    assert "## Repeats" in text
    assert "- flaky: B: 1 FAIL, 1 PASS" in text
    assert "Repeats" not in summary(run(scenario()))


def test_a_caught_bug() -> None:
    """The table says who caught it and how many bystanders passed; the sentence below says that every bug was caught."""
    text = "\n".join(lines(self_tested()))
    assert "no-retry  A-1 caught   5 of 5       caught" in text
    assert text.endswith("1 of 1 bugs caught, with nothing else failing: every bug was caught")


def test_what_went_wrong_is_named() -> None:
    """A bystander that failed, and a bug that was not run, are named."""
    text = "\n".join(lines(self_tested("FAIL", ("two-leaders",))))
    assert "4 of 5: B-1 false alarm" in text
    assert "FALSE ALARM" in text
    assert "no-retry: B-1 false alarm: FAIL, must be PASS. because of FAIL" in text
    assert "two-leaders" in text
    assert "0 of 1 bugs caught, with nothing else failing, 1 not run: exit code 1" in text


def test_the_page_has_bug_by_scenario(tmp_path: Path) -> None:
    """selftest.md holds the matrix and the reason of each catch; selftest.json reads back as the same."""
    write_self_test(RunFolder(tmp_path), self_tested())
    text = (tmp_path / "selftest.md").read_text()
    assert text == page(self_tested())
    assert "| scenario | no-retry |" in text.replace("  ", " ").replace("  ", " ")
    assert "no-retry: A-1 caught (FAIL). because of FAIL" in text
    stored = json.loads((tmp_path / "selftest.json").read_text())
    assert SelfTestResult.model_validate_json(json.dumps(stored)) == self_tested()
