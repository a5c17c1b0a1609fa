"""The helpers' programs as far as they are pure: whose process it is, which rules are ours."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from chaoslab.inside import netfilter, signaller
from chaoslab.inside.netfilter import Rules, ToolError
from chaoslab.inside.signaller import Signaller, container_of, open_checked

ID, OUTER = "ab" * 32, "cd" * 32
CGROUPS = {
    "v1": f"9:name=systemd:/docker/{ID}\n8:pids:/docker/{ID}\n0::/docker/{ID}\n",
    "v2 systemd": f"0::/system.slice/docker-{ID}.scope\n",
    "v2 private namespace": f"0::/../{ID}\n",
    "v2 systemd inside": f"0::/system.slice/docker-{ID}.scope/init.scope\n",
    "docker in docker": f"0::/docker/{OUTER}/docker/{ID}\n",
    "docker in docker v1": f"3:cpu:/docker/{OUTER}/docker/{ID}\n0::/docker/{OUTER}/docker/{ID}\n",
}
SAVED = """# Generated
*filter
:INPUT ACCEPT [0:0]
[7:420] -A INPUT -s 10.0.0.2/32 -p tcp -m tcp --dport 9000 -m comment --comment "chaoslab-run-T-1.1:0"
[2:120] -A INPUT -s 10.0.0.2/32 -p tcp -m tcp --dport 9000 -m comment --comment "chaoslab-run-T-1.1:1" -j DROP
[9:900] -A INPUT -m comment --comment chaoslab-run-T-1.10:0
[5:500] -A INPUT -m comment --comment "somebody's own" -j ACCEPT
[1:1] -A INPUT -j ACCEPT
COMMIT
"""


@pytest.mark.parametrize("name", CGROUPS)
def test_the_innermost_container_owns_a_process(name: str) -> None:
    """Whatever the cgroup version, driver or nesting."""
    assert container_of(CGROUPS[name]) == ID


RECORDED = Path(__file__).parents[2] / "recorded" / "cgroup"


@pytest.mark.parametrize("file", ["v1-engine-20.10.txt", "v2-engine-26.1.txt"])
def test_recorded_cgroup_files_of_both_versions_name_their_container(file: str) -> None:
    """Files as real engines gave them, seen from a helper in the engine's PID namespace (the id is in the first line)."""
    first, _, text = (RECORDED / file).read_text().partition("\n")
    assert container_of(text) == first.removeprefix("# ")


@pytest.mark.parametrize(
    "text", ["", "0::/\n", "0::/user.slice/session-1.scope\n", f"2:cpu:/docker/{ID}\n1:pids:/docker/{OUTER}\n"]
)
def test_a_process_of_no_container_or_of_two_belongs_to_none(text: str) -> None:
    """The host's own processes can never be signalled."""
    assert container_of(text) == ""


def test_a_process_outside_the_container_is_never_opened() -> None:
    """A process outside every container, such as ours, is refused."""
    with pytest.raises(LookupError, match="not to abababababab"):
        open_checked(int(Path("/proc/self").resolve().name), ID)
    answer = Signaller().answer({"do": "open", "pid": int(Path("/proc/self").resolve().name), "container": ID})
    assert "belongs to container" in str(answer["error"])


def test_what_is_not_watched_is_not_signalled() -> None:
    """A failure is answered by container."""
    answer = Signaller().answer({"do": "send", "containers": [ID], "signal": "SIGKILL"})
    assert answer["failed"] == {ID: "no process of abababababab is watched"}
    assert Signaller().answer({"do": "dance"}) == {"error": "unknown request 'dance'"}
    assert "error" in Signaller().answer({"do": "send", "containers": [ID], "signal": "SIGNOT"})


def test_what_starts_in_a_stopped_container_does_not_set_it_going(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's health check is a process of the container as well: a hang is judged by what was stopped."""
    with ExitStack() as stack:
        ours = [stack.enter_context(sleeping()) for _ in range(2)]
        monkeypatch.setattr(signaller, "members", lambda _container: [one.pid for one in ours])
        monkeypatch.setattr(signaller, "open_checked", lambda pid, _container: os.pidfd_open(pid))
        running = Signaller()
        stop = {"do": "send", "containers": [ID], "everyone": True}
        assert running.answer({**stop, "signal": "SIGSTOP"})["sent"] == {ID: 2}
        ours.append(stack.enter_context(sleeping()))
        assert running.answer({"do": "states", "container": ID})["states"] == {"T": 2}
        running.answer({**stop, "signal": "SIGCONT"})
        states = running.answer({"do": "states", "container": ID})["states"]
        assert isinstance(states, dict)
        assert sum(states.values()) == 3
        assert "T" not in states


@contextmanager
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that does nothing, and end it."""
    process = subprocess.Popen(["sleep", "60"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Tool:
    """Stands in for iptables."""

    def __init__(self, saved: str) -> None:
        self.saved = saved
        self.restored: list[str] = []

    def __call__(self, argv: list[str], text: str = "") -> str:
        """Answer a save, record a restore."""
        if argv[0] == "iptables-save":
            return self.saved
        self.restored += text.splitlines()[1:-1]
        return ""


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Tool:
    """Put recorded rules in the place of the kernel's."""
    stand_in = Tool(SAVED)
    monkeypatch.setattr(netfilter, "run", stand_in)
    return stand_in


def test_rules_go_in_front_in_their_order_with_a_comment(tool: Tool) -> None:
    """One call puts all in; each chain counts its own places."""
    rules = Rules("chaoslab-run-T-1.1")
    answer = rules.answer(
        {
            "do": "put",
            "rules": [
                {"chain": "INPUT", "match": ["-s", "10.0.0.2"]},
                {"chain": "OUTPUT", "match": ["-d", "10.0.0.2"]},
                {"chain": "INPUT", "match": ["-s", "10.0.0.2"], "target": ["-j", "DROP"]},
            ],
        }
    )
    assert answer["ok"]
    assert tool.restored == [
        "-I INPUT 1 -s 10.0.0.2 -m comment --comment chaoslab-run-T-1.1:0",
        "-I OUTPUT 1 -d 10.0.0.2 -m comment --comment chaoslab-run-T-1.1:1",
        "-I INPUT 2 -s 10.0.0.2 -m comment --comment chaoslab-run-T-1.1:2 -j DROP",
    ]


@pytest.mark.usefixtures("tool")
def test_counters_are_those_of_this_mark_alone() -> None:
    """A mark that only begins alike is another fault's; a rule that is gone reads as none."""
    rules = Rules("chaoslab-run-T-1.1")
    rules.count = 3
    assert rules.answer({"do": "read"})["rules"] == [[7, 420], [2, 120], None]
    assert rules.answer({"do": "marks", "prefix": "chaoslab-"})["marks"] == [
        "chaoslab-run-T-1.1",
        "chaoslab-run-T-1.10",
    ]


@pytest.mark.parametrize(("request_", "count"), [({"do": "remove"}, 2), ({"do": "remove", "prefix": "chaoslab-"}, 3)])
def test_only_our_own_rules_are_removed(tool: Tool, request_: dict[str, object], count: int) -> None:
    """Rules of somebody else stay, whatever comment they carry."""
    answer = Rules("chaoslab-run-T-1.1").answer(request_)
    assert len(tool.restored) == count
    assert all(line.startswith("-D INPUT") and "chaoslab-run" in line for line in tool.restored)
    assert answer["left"] == count  # the stand-in forgets nothing: what is left is counted afresh


def test_a_refusal_of_iptables_is_answered_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """The harness gets the tool's own words."""
    monkeypatch.setattr(netfilter, "run", refuse("iptables-restore exit 1: no such match"))
    assert Rules("m").answer({"do": "read"}) == {"error": "iptables-restore exit 1: no such match"}


def refuse(words: str) -> Callable[..., str]:
    """Make a tool that refuses."""

    def run(*_rest: object) -> str:
        raise ToolError(words)

    return run
