"""What k6 says beside the requests. The lines are k6 1.8.1's own."""

from chaoslab.tools import k6_log
from chaoslab.tools.k6_log import K6Log

CROSSED = 'time="2026-11-21T14:17:20Z" level=error msg="thresholds on metrics \'http_req_duration\' have been crossed"'
THROWN = (
    r'time="2026-11-21T14:24:26Z" level=error msg="ReferenceError: \"nosuch\" is not defined\n\tat default (file:///load/iter.js:1:76(2))\n" '
    "executor=shared-iterations scenario=default source=stacktrace"
)


def fed(*lines: str) -> K6Log:
    """Give a log that took these lines of standard error."""
    log = K6Log()
    for line in lines:
        log.standard_error(line)
    return log


def test_the_summary_is_told_from_the_log() -> None:
    """The log goes on behind its last brace, on the same line."""
    log = fed("a", "{", '    "metrics": {', '        "x": {"count": 1}', "    }", "}" + CROSSED)
    assert log.summary == {"metrics": {"x": {"count": 1}}}
    assert log.text == f"a\n{CROSSED}\n"
    assert log.last_words == "thresholds on metrics 'http_req_duration' have been crossed"


def test_a_summary_that_was_cut_off_is_none() -> None:
    """A killed k6 leaves half of one."""
    assert fed("{", '    "metrics": {').summary is None
    assert fed("a").summary is None


def test_errors_are_read_without_escapes_and_exceptions_are_counted() -> None:
    """What a script threw is told from other errors by k6's own mark."""
    log = fed(CROSSED, THROWN, THROWN)
    assert log.thrown == 2
    assert log.last_words == 'ReferenceError: "nosuch" is not defined  at default (file:///load/iter.js:1:76(2))'


def test_without_an_error_the_last_line_speaks() -> None:
    """A k6 that was killed has not called anything an error."""
    assert fed("first", "last").last_words == "last"
    assert K6Log().last_words == ""


def test_a_long_log_loses_its_middle() -> None:
    """Beginning and end are kept, and how much is missing is said."""
    total = k6_log.FIRST_LINES + k6_log.LAST_LINES + 7
    lines = fed(*(f"line {number}" for number in range(total))).text.splitlines()
    assert lines[0] == "line 0"
    assert lines[k6_log.FIRST_LINES] == "... 7 lines left out ..."
    assert lines[-1] == f"line {total - 1}"
    assert len(lines) == total - 7 + 1
