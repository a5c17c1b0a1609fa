"""From exit code and last words to what the user is told."""

import pytest

from chaoslab.errors import ScriptError, ToolError
from chaoslab.tools.engine import to_replica
from chaoslab.tools.k6_ending import Ending, K6Ended
from chaoslab.tools.k6_log import K6Log

THROWN = 'level=error msg="TypeError: x\\n\\tat default (file:///load/a.js:1:2(3))\\n" source=stacktrace'


def ending(code: int, *lines: str, stopped: bool = False, oom: bool = False) -> K6Ended:
    """Say how a container with that exit code and these lines ended."""
    container = to_replica(
        {
            "Id": "c0ffee",
            "Name": "/k6",
            "State": {"Status": "exited", "ExitCode": code, "OOMKilled": oom},
            "Config": {},
            "HostConfig": {"Memory": 64 << 20},
        }
    )
    log = K6Log()
    for line in lines:
        log.standard_error(line)
    return Ending("a.js", "/load", log, container, stopped).told(None)


@pytest.mark.parametrize("code", [0, 99, 108, 110])
def test_what_the_script_decides_is_no_error(code: int) -> None:
    """Done, thresholds crossed, aborted or failed by the script: the run is as good as any."""
    ended = ending(code)
    ended.check()
    assert (ended.thresholds_crossed, ended.aborted) == (code == 99, code == 108)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (
            107,
            'level=error msg="Error: USERS must be a number\\n\\tat file:///load/a.js:1:7(12)\\n" hint="script exception"',
        ),
        (104, 'level=error msg="There were problems with the specified script configuration"'),
        (
            255,
            "level=error msg=\"could not initialize 'a.js': could not load JS test: no exported functions in script\"",
        ),
        (0, THROWN),
    ],
)
def test_an_error_of_the_script_is_the_users(code: int, line: str) -> None:
    """Also one that is thrown in every iteration, which k6 itself calls a success."""
    with pytest.raises(ScriptError, match=r"a\.js has an error: ") as raised:
        ending(code, line).check()
    assert "file://" not in raised.value.message


def test_now_and_then_an_exception_is_no_error_of_the_script() -> None:
    """Under load a script may meet answers that it cannot read; as long as some iterations come through it runs."""
    ending(0, THROWN, THROWN, "{", '"metrics": {"iterations": {"count": 3, "rate": 1}}', "}").check()


@pytest.mark.parametrize(
    ("code", "oom", "says"),
    [
        (137, False, "killed by somebody"),
        (137, True, "more than its 64 MiB"),
        (105, False, "stopped before its end: its time limit is over"),
        (2, False, "exit code 2"),
    ],
)
def test_a_k6_that_did_not_end_by_itself_is_a_tool_error(code: int, oom: bool, says: str) -> None:
    """The message says which it was."""
    with pytest.raises(ToolError, match=says):
        ending(code, "chaoslab: stopping k6: its time limit is over", oom=oom).check()


def test_a_container_that_somebody_removed_is_a_tool_error() -> None:
    """There is no exit code then."""
    ended = Ending("a.js", "/load", K6Log(), None, stopped=False).told(None)
    with pytest.raises(ToolError, match="removed"):
        ended.check()


@pytest.mark.parametrize("code", [105, 137, 2])
def test_stopped_by_our_wish_is_no_error(code: int) -> None:
    """Whatever state k6 was in."""
    ending(code, stopped=True).check()


def test_what_failed_while_reading_comes_first() -> None:
    """The kill that follows it explains nothing."""
    ended = Ending("a.js", "/load", K6Log(), None, stopped=False).told(ToolError("no batch of requests"))
    with pytest.raises(ToolError, match="no batch"):
        ended.check()


def test_an_exception_in_every_iteration_is_an_error_of_the_script() -> None:
    """k6 counts them as iterations all the same."""
    with pytest.raises(ScriptError):
        ending(0, THROWN, THROWN, "{", '"metrics": {"iterations": {"count": 2, "rate": 1}}', "}").check()
