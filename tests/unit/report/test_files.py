"""result.json, junit.xml and summary.md."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from chaoslab.model.result import RunResult
from chaoslab.report import write_reports
from chaoslab.report.junit import junit_xml
from chaoslab.report.markdown import escaped, summary
from chaoslab.report.wording import duration, measured_text, outage_text, proof_text, recovery_text
from chaoslab.store import RunFolder
from unit.report.results import EVERY, all_verdicts, proof, run, scenario


def test_a_run_folder_gets_every_report(tmp_path: Path) -> None:
    """result.json reads back as the very same result."""
    result = all_verdicts()
    write_reports(RunFolder(tmp_path), result)
    text = (tmp_path / "result.json").read_text(encoding="utf-8")
    assert RunResult.model_validate_json(text) == result
    assert json.loads(text)["exit_code"] == 4
    assert {path.name for path in tmp_path.iterdir()} == {"result.json", "junit.xml", "summary.md", "evidence.csv"}


def test_junit_tells_failures_errors_and_skips_apart() -> None:
    """FAIL is a failure, ERROR and INCONCLUSIVE are errors with their type, SKIPPED and NOT RUN are skipped."""
    root = ET.fromstring(junit_xml(all_verdicts()))  # noqa: S314 - our own text
    found = [[child.tag for child in case if child.tag != "system-out"] for case in root.iter("testcase")]
    assert found == [["failure"], ["error"], ["error"], ["skipped"], ["skipped"], [], []]
    assert [error.get("type") for error in root.iter("error")] == ["ERROR", "INCONCLUSIVE"]
    [suite] = root.iter("testsuite")
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["7", "1", "2", "2"]
    assert [root.get(key) for key in ("tests", "failures", "errors")] == ["7", "1", "2"]


def test_junit_has_the_shape_that_ci_systems_read() -> None:
    """Elements, their order and their attributes are those of the common schema (Jenkins' junit-10.xsd)."""
    root = ET.fromstring(junit_xml(run(scenario("FAIL"), scenario(suite="crashes"))))  # noqa: S314 - our own text
    assert root.tag == "testsuites"
    assert [suite.get("name") for suite in root] == ["network", "crashes"]
    for suite in root:
        assert {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"} == set(suite.keys())
        for case in suite:
            assert {"classname", "name", "time"} == set(case.keys())
            assert [child.tag for child in case] in (["system-out"], ["failure", "system-out"])
    [failure] = root.iter("failure")
    assert (failure.get("message"), failure.text) == ("because of FAIL", "because of FAIL")


def test_junit_survives_any_text() -> None:
    """Control characters and markup in names and reasons leave the XML valid and are spelled out."""
    evil = scenario("FAIL", name='<&">\x00\x1b\ud800', reasons=("]]>\x08 a\x0bb\nc \ufffe",), notes=("\x01",))
    root = ET.fromstring(junit_xml(run(evil)).encode())  # noqa: S314 - our own text
    [case] = root.iter("testcase")
    assert case.get("name") == 'NF-002 <&">\\x00\\x1b\\xd800'
    assert case.findtext("failure") == "]]>\\x08 a\\x0bb\nc \\xfffe"


def test_the_summary_is_a_table_with_reasons() -> None:
    """Every scenario has a row, every one that did not pass its reasons, and expectations are listed with numbers."""
    text = summary(all_verdicts())
    for number, verdict in enumerate(EVERY, 1):
        assert f"| XX-{number:03d} " in text
        assert (f"- because of {verdict}" in text) == (verdict != "PASS")
    assert "| NF-002.1 | latency 500 ms | 512 ms" in text
    assert "availability | tasks | during  | 0.812" in text
    assert "- exit code: 4" in text


def test_markdown_cannot_be_broken_out_of() -> None:
    """Pipes, markup, newlines and escapes in names stay text."""
    text = summary(run(scenario("FAIL", name="a | b <script> *x*\n# head\x1b[0m", reasons=("one\n- two",))))
    assert "a \\| b \\<script\\> \\*x\\* # head \\[0m" in text
    assert "- one - two" in text
    assert escaped("`code`") == "\\`code\\`"


def test_a_run_without_scenarios_still_reports() -> None:
    """Nothing judged is exit code 3, and every report can say so."""
    empty = run(observer={})
    assert empty.exit_code == 3
    assert "did not run" in summary(empty)
    assert 'tests="0"' in junit_xml(empty)


@pytest.mark.parametrize(("value", "text"), [(0.51, "0.5 ms"), (51.2, "51 ms"), (999.0, "999 ms"), (1500.0, "1.500 s")])
def test_durations(value: float, text: str) -> None:
    """Milliseconds below a second, seconds above."""
    assert duration(value) == text


def test_words_for_what_is_not_a_number() -> None:
    """What was not recovered, not seen or not proven is said in words."""
    rode_out = scenario(recovery="rode_out", longest_outage_ms=None)
    assert (outage_text(rode_out), recovery_text(rode_out)) == ("none", "no outage seen")
    assert recovery_text(scenario(recovery="not_recovered", time_to_recover_ms=None)) == "not recovered"
    nothing = scenario(recovery="unknown", time_to_recover_ms=None, longest_outage_ms=None, proofs=())
    assert (proof_text(nothing), outage_text(nothing), recovery_text(nothing)) == ("-", "-", "-")
    assert proof_text(scenario(proofs=(proof(), proof(proven=False, measured=12.34)))) == "12.3 ms, not proven +1"
    assert measured_text(proof(measured=None)) == "yes"
    assert measured_text(proof(proven=False, measured=None)) == "nothing"
