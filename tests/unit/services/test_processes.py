"""The services as processes: the whole way of a task, and what a client sees when parts die. Redis and PostgreSQL are out of reach throughout."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from services.hive.roster import STEPS

from unit.services.conftest import COMPOSE
from unit.services.lab import TASK, Processes, call, wait_for


@pytest.fixture(scope="module")
def lab() -> Iterator[Processes]:
    """Queen, hive and two workers; each test leaves them as it found them."""
    processes = Processes()
    try:
        wait_for("lab is up", processes.is_up)
        yield processes
    finally:
        processes.stop()


def test_a_task_is_done_and_names_its_worker(lab: Processes) -> None:
    """200 with everything the API promises; both workers get work."""
    answers = [call("POST", f"{lab.queen}/v2/tasks", TASK) for _ in range(4)]
    assert [status for status, _ in answers] == [200] * 4
    _, answer = answers[0]
    assert set(answer) == {"task_id", "status", "result", "latency_ms"}
    assert set(answer["result"]) == {"text", "tokens", "model", "worker"}
    assert (answer["status"], answer["result"]["tokens"], answer["result"]["model"]) == ("completed", 3, "tiny")
    assert 10 <= answer["latency_ms"] < 1000
    assert {answer["result"]["worker"] for _, answer in answers} == {"w0", "w1"}


def test_what_a_client_does_wrong_is_named(lab: Processes) -> None:
    """401 without a token, 400 with the field, 404, 413."""
    url = f"{lab.queen}/v2/tasks"
    assert call("POST", url, TASK, token="")[0] == 401
    status, answer = call("POST", url, {**TASK, "max_tokens": "many"})
    assert (status, answer["error"]["field"]) == (400, "max_tokens")
    assert call("GET", f"{lab.queen}/v3")[0] == 404
    assert call("POST", url, {**TASK, "prompt": "x" * 70_000})[0] == 413


def test_without_redis_work_goes_on_and_ready_says_so(lab: Processes) -> None:
    """Tasks are done unrecorded; /health stays good; /ready names the dependency."""
    assert call("POST", f"{lab.queen}/v2/tasks", TASK)[0] == 200
    assert call("GET", f"{lab.queen}/health") == (200, {"status": "ok"})
    assert call("GET", f"{lab.queen}/ready") == (503, {"hive": True, "redis": False, "postgres": False})


def test_a_crashed_worker_costs_no_task_and_comes_back(lab: Processes) -> None:
    """After SIGKILL tasks go on at once; a new process of the same name gets work again."""
    lab.kill("w0", signal.SIGKILL)
    answers = [call("POST", f"{lab.queen}/v2/tasks", TASK) for _ in range(3)]
    assert [(status, answer["result"]["worker"]) for status, answer in answers] == [(200, "w1")] * 3
    lab.start("w0")
    wait_for("w0 gets work again", lambda: "w0" in lab.registered())


def test_a_worker_drains_on_sigterm(lab: Processes) -> None:
    """It ends with 0, and the hive knows at once."""
    assert lab.kill("w0", signal.SIGTERM) == 0
    assert lab.registered() == {"w1"}
    lab.start("w0")
    wait_for("w0 registered", lambda: "w0" in lab.registered())


def test_workers_register_again_with_a_new_hive(lab: Processes) -> None:
    """A restarted hive knows nobody; the workers notice by their heartbeats."""
    assert lab.kill("hive", signal.SIGTERM) == 0
    lab.start("hive")
    wait_for("lab is up again", lab.is_up)
    assert call("POST", f"{lab.queen}/v2/tasks", TASK)[0] == 200


def test_what_is_open_is_told_while_it_is_open(lab: Processes) -> None:
    """A worker that hangs has its task open at the hive, until that is given up and done elsewhere."""
    nothing: dict[str, Any] = {"tasks": [], "handshake": None}
    assert what_is_open(lab, "w0") == what_is_open(lab, "nobody") == nothing
    lab.running["w0"].send_signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor() as clients:
            answers = [clients.submit(call, "POST", f"{lab.queen}/v2/tasks", TASK) for _ in range(2)]
            wait_for("one of them is open on w0", lambda: what_is_open(lab, "w0")["tasks"])
        assert [answer.result()[0] for answer in answers] == [200, 200]
        assert what_is_open(lab, "w0") == nothing
    finally:
        lab.running["w0"].send_signal(signal.SIGCONT)
    wait_for("w0 is trusted again", lambda: "w0" in lab.registered())


def test_an_open_step_of_a_handshake_is_told(lab: Processes) -> None:
    """A starting worker shows the step that is open, and none once it is registered."""
    lab.kill("w0", signal.SIGTERM)
    lab.start("w0")
    seen: set[str | None] = set()

    def is_registered() -> bool:
        seen.add(what_is_open(lab, "w0")["handshake"])
        return "w0" in lab.registered()

    wait_for("w0 registered", is_registered)
    assert {None} < seen <= {None, *STEPS}
    assert what_is_open(lab, "w0")["handshake"] is None


def what_is_open(lab: Processes, hostname: str) -> dict[str, Any]:
    """The hive's answer."""
    status, answer = call("GET", f"{lab.hive}/workers/{hostname}/open")
    assert status == 200
    return dict(answer)


@pytest.mark.parametrize(
    ("arguments", "environment", "problem"),
    [
        (["drone"], {}, "usage: python3 -m services queen|hive|worker|trader"),
        (["queen"], {"LAB_BUGS": "no-brakes"}, "unknown no-brakes"),
        (["hive"], {"PORT": "soon"}, "PORT: 'soon' is not a number"),
        (["worker"], {"HIVE_URL": "hive"}, "'hive' is not http://host:port"),
        (["trader"], {"POSTGRES_URL": "postgres"}, "'postgres' is not postgresql://"),
        (["trader"], {"REDIS_SENTINEL": "sentinel"}, "REDIS_SENTINEL: 'sentinel' is not host:port"),
    ],
)
def test_a_wrong_setting_ends_the_service_with_a_clear_line(
    arguments: list[str], environment: dict[str, str], problem: str
) -> None:
    """Exit code 2, one line of JSON, no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        cwd=COMPOSE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=15,
    )
    assert (done.returncode, done.stderr) == (2, "")
    assert problem in done.stdout
