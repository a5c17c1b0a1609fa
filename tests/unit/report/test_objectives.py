"""Summary, objectives and recommendations on the console and in summary.md, and evidence.csv."""

import csv
import io

from chaoslab.model.result import FoundExpectation
from chaoslab.model.suite import Slo
from chaoslab.report.evidence import evidence_csv
from chaoslab.report.markdown import summary
from chaoslab.report.objectives import MOST_SHOWN, objective_lines
from unit.report.results import run, scenario

BROKEN = FoundExpectation(
    measure="metric", of="web", name="leader", phase="after", observed=2, bound="exactly 1", n=9, met=False
)


def served(**keys: object) -> object:
    """Make a scenario that recovered in 2 s and served 99 of 100."""
    return scenario(**{"mttr": 2.0, "success_count": 99, "error_count": 1, **keys})  # type: ignore[arg-type]


def test_the_console_sums_up() -> None:
    """Times to recover, success, objectives and score are lines of their own."""
    lines = dict(objective_lines(run(served(), scenario(id="X-2", recovery="rode_out", mttr=None)).summary))  # type: ignore[arg-type]
    assert lines["MTTR"] == "mean 2.000 s, max 2.000 s, min 2.000 s over 1 that recovered"
    assert lines["success"] == "99.000% of 100 work requests"
    assert lines["SLO"] == "average MTTR met, longest MTTR met, success rate NOT met (99.000%, at least 99.9%)"
    assert lines["score"].endswith(" of 100")


def test_a_run_without_work_says_so() -> None:
    """Nothing to recover from and nothing sent are told in words, never as numbers."""
    lines = dict(objective_lines(run(scenario("SKIPPED", recovery="unknown")).summary))
    assert (lines["MTTR"], lines["success"], lines["score"]) == (
        "nothing had to recover",
        "no work was sent",
        "- of 100",
    )
    assert lines["SLO"] == "average MTTR -, longest MTTR -, success rate -"
    assert objective_lines(None) == []


def test_only_the_first_recommendations_are_on_the_console() -> None:
    """The rest is in summary.md, and the console says how many."""
    many = [scenario("FAIL", f"X-{number}", expectations=(BROKEN,)) for number in range(9)]
    told = [text for what, text in objective_lines(run(*many).summary) if what == "advice"]
    assert len(told) == MOST_SHOWN + 1
    assert told[-1] == "4 more in summary.md"


def test_the_page_has_each_suite_its_objectives_and_all_advice() -> None:
    """A suite has its row and its bounds; the whole run has one where there are several suites."""
    text = summary(run(served(), served(suite="other", id="O-1"), slos={"other": Slo(success_rate=0.5)}))  # type: ignore[arg-type]
    for row in ("| network | 1 ", "| other   | 1 ", "| all     | 2 "):
        assert row in text
    assert "| other   | success rate | 99.000%    | at least 50%" in text
    assert "## Recommendations" in text
    assert "- NF-002: under latency 500 ms" in text
    assert "metric leader" in summary(run(scenario("FAIL", expectations=(BROKEN,))))


def test_evidence_is_key_and_value() -> None:
    """Every scenario from its name to its result, with its course between; what a spreadsheet would run is text."""
    transitions = {"leader_before": "1", "ready_after_stop": "not_ready", "delta": "-1.5", "=cmd()": "@x"}
    text = evidence_csv(run(served(transitions=transitions, expectations=(BROKEN,)), served(id="X-2")))  # type: ignore[arg-type]
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["key", "value"]
    assert all(len(row) == 2 for row in rows)
    assert [row[1] for row in rows if row[0] == "scenario"] == ["NF-002", "X-2"]
    first = dict(rows[: rows.index(["scenario", "X-2"])])
    assert {**transitions, "=cmd()": "@x"}.items() - first.items() == {("=cmd()", "@x")}
    assert first["'=cmd()"] == "'@x"
    assert first["web_metric_leader_after"] == "2"
    assert (first["success_count"], first["mttr"], first["test_result"]) == ("99", "2.000", "PASS")
