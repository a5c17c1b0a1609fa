"""The faults' helpers on a real engine: whom the signaller signals, what the packet rules count, drop and leave behind."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chaoslab import __version__
from chaoslab.clock import SystemClock
from chaoslab.model.replica import Replica
from chaoslab.tools.attached import Attached
from chaoslab.tools.endpoint import resolve
from chaoslab.tools.engine import HELPER_LABEL, Engine, Helper

pytestmark = pytest.mark.engine
IMAGE = f"chaoslab/toolbox:{__version__}"
PROJECT = "chaoslab-test-faults"
PORT = 9000
PROMPT_SECONDS = 10.0
ECHO = f"""
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(4096):
            self.request.sendall(data)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
Server(("0.0.0.0", {PORT}), Echo).serve_forever()
"""
TALK = f"""
import socket, sys
for _ in range(int(sys.argv[2])):
    with socket.create_connection((sys.argv[1], {PORT}), timeout=5) as talk:
        talk.sendall(b"hello")
        talk.recv(4096)
print("done")
"""
HOLDER = """
import sys, threading
from chaoslab.tools.endpoint import resolve
from chaoslab.tools.engine import Engine, Helper
helper = Engine(resolve()).start_helper(Helper(sys.argv[1], sys.argv[2], "netfilter", ("chaoslab-test-killed", "60"),
    network="container:" + sys.argv[3], capabilities=("NET_ADMIN",)))
helper.receive(10)
helper.ask({"do": "put", "rules": [{"chain": "INPUT", "match": ["-s", "192.0.2.1"], "target": ["-j", "DROP"]}]}, 10)
print("in", flush=True)
threading.Event().wait()
"""


class Bench:
    """Containers and helpers of one test."""

    def __init__(self) -> None:
        self.engine = Engine(resolve())
        self._containers: list[str] = []
        self._helpers: list[Attached] = []

    def run(self, argv: list[str], user: str = "10001:10001", **host: Any) -> Replica:
        """Start a container that is restarted when it dies."""
        api: Any = self.engine._api
        config = api.create_host_config(restart_policy={"Name": "always"}, cap_drop=["ALL"], **host)
        created = api.create_container(IMAGE, argv, user=user, host_config=config, labels={HELPER_LABEL: PROJECT})["Id"]
        self._containers.append(created)
        api.start(created)
        return self.inspect(created)

    def inspect(self, container: str) -> Replica:
        """Inspect one."""
        found = self.engine.inspect(container)
        assert found is not None
        return found

    def helper(self, program: str, **options: Any) -> Attached:
        """Start a helper and take its greeting."""
        helper = self.engine.start_helper(Helper(PROJECT, IMAGE, program, **options))
        self._helpers.append(helper)
        assert helper.receive(PROMPT_SECONDS) == {"ready": True}
        return helper

    def signaller(self) -> Attached:
        """Start the signaller."""
        return self.helper("signaller", pid_mode="host", capabilities=("KILL",))

    def netfilter(self, target: Replica, mark: str, limit_seconds: float = 60) -> Attached:
        """Start the packet-rule helper in a container's network namespace."""
        arguments = (mark, str(limit_seconds))
        return self.helper(
            "netfilter", arguments=arguments, network=f"container:{target.id}", capabilities=("NET_ADMIN",)
        )

    def marks(self, target: Replica) -> list[str]:
        """List our marks in a container's namespace, by a fresh helper."""
        helper = self.netfilter(target, "chaoslab-look")
        found = list(helper.ask({"do": "marks", "prefix": "chaoslab-"}, PROMPT_SECONDS)["marks"])
        helper.end_input()
        return found

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition, at most ten seconds."""
        clock = SystemClock()
        deadline = clock.now_ns() + int(PROMPT_SECONDS * 1e9)
        while not condition():
            assert clock.now_ns() < deadline, f"{what} did not happen within {PROMPT_SECONDS:g} s"
            clock.sleep(0.05)

    def down(self) -> None:
        """Remove everything."""
        for helper in self._helpers:
            helper.end_input()
            helper.close()
        for container in self._containers:
            self.engine.remove(container)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Give an empty bench."""
    made = Bench()
    try:
        yield made
    finally:
        made.down()


def say(helper: Attached, **request: Any) -> Any:
    """Ask a helper."""
    return helper.ask(request, PROMPT_SECONDS)


def test_a_process_s_container_is_read_on_this_engine_s_cgroup_version(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """What /proc tells of a container's process names the container; the test says on which cgroup version it ran for real."""
    target = bench.run(["sleep", "600"])
    rows = say(bench.signaller(), do="list", containers=[target.id])["processes"][target.id]
    assert [command for _pid, _state, command in rows] == ["sleep 600"]
    with capsys.disabled():
        print(f" [cgroup v{bench.engine.info()['CgroupVersion']}, Engine {bench.engine.version()['Version']}] ", end="")  # noqa: T201 - the test says where it ran


def test_the_signaller_kills_the_right_container_s_process_only(bench: Bench) -> None:
    """A PID of another container or of the host is refused; the right one dies, and the restart policy acts."""
    target, other = bench.run(["sleep", "600"]), bench.run(["sleep", "600"])
    helper = bench.signaller()
    assert "belongs to container" in say(helper, do="open", pid=other.pid, container=target.id)["error"]
    assert "belongs to container" in say(helper, do="open", pid=1, container=target.id)["error"]
    assert say(helper, do="open", pid=target.pid, container=target.id)["ok"]
    sent = say(helper, do="send", containers=[target.id], signal="SIGKILL")
    exits = say(helper, do="wait", seconds=5)["exits"]
    took_ms = (exits[target.id] - sent["at_ns"]) / 1e6
    assert -1 < took_ms < 1000
    bench.until(lambda: bench.inspect(target.id).restart_count == 1, "a restart by the policy")
    assert bench.inspect(other.id).pid == other.pid


def test_all_processes_of_a_container_stop_and_go_on_when_the_helper_ends(bench: Bench) -> None:
    """SIGSTOP reaches children too; at the end of its input the helper sets them going."""
    target = bench.run(["sh", "-c", "sleep 600 & sleep 600 & wait"])
    table = bench.signaller()

    def states() -> list[str]:
        return [row[1] for row in say(table, do="list", containers=[target.id])["processes"][target.id]]

    bench.until(lambda: len(states()) == 3, "three processes")
    helper = bench.signaller()
    assert say(helper, do="send", containers=[target.id], signal="SIGSTOP", everyone=True)["sent"] == {target.id: 3}
    assert say(helper, do="states", container=target.id)["states"] == {"T": 3}
    assert states() == ["T", "T", "T"]
    helper.end_input()
    bench.until(lambda: "T" not in states(), "their going on")


def test_a_restarted_target_needs_its_new_process(bench: Bench) -> None:
    """The pidfd of the old process never hits the new one."""
    target = bench.run(["sleep", "600"])
    helper = bench.signaller()
    say(helper, do="open", pid=target.pid, container=target.id)
    bench.engine.restart(target.id, 0)
    assert target.id in say(helper, do="wait", seconds=5)["exits"]
    assert say(helper, do="send", containers=[target.id], signal="SIGKILL")["failed"].keys() == {target.id}
    fresh = bench.inspect(target.id)
    assert say(helper, do="open", pid=fresh.pid, container=fresh.id)["ok"]
    assert say(helper, do="send", containers=[target.id], signal="SIGKILL")["failed"] == {}


def rules(client: Replica, percent: int) -> list[dict[str, Any]]:
    """Count a client's packets with payload and drop a share of its packets."""
    match = ["-s", client.address, "-p", "tcp", "--dport", str(PORT)]
    chance = ["-m", "statistic", "--mode", "random", "--probability", str(percent / 100)]
    return [
        {"chain": "INPUT", "match": match},
        {"chain": "INPUT", "match": [*match, "--tcp-flags", "SYN,RST,PSH", "PSH"]},
        *([{"chain": "INPUT", "match": [*match, *chance], "target": ["-j", "DROP"]}] if percent else []),
    ]


def talk(bench: Bench, client: Replica, server: Replica, times: int) -> str:
    """Send a line that often, each on a new connection."""
    return bench.engine.execute(client.id, ["python3", "-c", TALK, server.address, str(times)])[1]


@pytest.fixture
def pair(bench: Bench) -> tuple[Replica, Replica]:
    """Give a client and a server that answers it."""
    server, client = bench.run(["python3", "-c", ECHO]), bench.run(["sleep", "600"])
    bench.until(lambda: "done" in talk(bench, client, server, 1), "an answer of the server")
    return client, server


def test_packets_with_payload_are_counted_one_per_message(bench: Bench, pair: tuple[Replica, Replica]) -> None:
    """Twenty messages are twenty packets with payload among more packets; another client's are not counted."""
    client, server = pair
    stranger = bench.run(["sleep", "600"])
    helper = bench.netfilter(server, "chaoslab-test-count")
    assert say(helper, do="put", rules=rules(client, 0))["ok"]
    talk(bench, client, server, 20)
    talk(bench, stranger, server, 20)
    (seen, _), (payload, _) = say(helper, do="read")["rules"]
    assert payload == 20
    assert seen >= 60


def test_a_share_of_the_packets_is_dropped_and_the_rules_go(bench: Bench, pair: tuple[Replica, Replica]) -> None:
    """About a third of the packets is dropped, and removal leaves no rule."""
    client, server = pair
    helper = bench.netfilter(server, "chaoslab-test-drop")
    say(helper, do="put", rules=rules(client, 30))
    talk(bench, client, server, 15)
    (seen, _), _, (dropped, _) = say(helper, do="read")["rules"]
    assert 0.05 * seen < dropped < 0.6 * seen
    assert say(helper, do="remove")["left"] == 0
    assert say(helper, do="read")["rules"] == [None, None, None]
    assert talk(bench, client, server, 3).strip() == "done"


def test_rules_go_at_the_end_of_input_and_at_the_time_limit(bench: Bench, pair: tuple[Replica, Replica]) -> None:
    """Neither a harness that ended nor one that forgot leaves a rule behind."""
    client, server = pair
    ended, forgotten = bench.netfilter(server, "chaoslab-test-eof"), bench.netfilter(server, "chaoslab-test-limit", 2)
    for helper in (ended, forgotten):
        say(helper, do="put", rules=rules(client, 30))
    assert {"chaoslab-test-eof", "chaoslab-test-limit"} <= set(bench.marks(server))
    ended.end_input()
    bench.until(lambda: "chaoslab-test-eof" not in bench.marks(server), "the end of the first one's rules")
    bench.until(lambda: bench.marks(server) == [], "the end of the second one's rules")


def test_a_killed_harness_leaves_no_rules(bench: Bench, pair: tuple[Replica, Replica]) -> None:
    """SIGKILL of the process that holds the stream ends the helper's input."""
    _, server = pair
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, PROJECT, IMAGE, server.id], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == "in\n"
        assert bench.marks(server) == ["chaoslab-test-killed"]
        holder.kill()
        holder.wait(PROMPT_SECONDS)
    bench.until(lambda: bench.marks(server) == [], "the end of its rules")


def environment() -> dict[str, str]:
    """Let a child process import what this one can."""
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
