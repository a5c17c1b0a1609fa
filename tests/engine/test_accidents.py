"""What goes wrong around a run, on the real lab: interrupts, kills, a full disk, an engine that goes away."""

import json
import resource
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.accident import held, is_clean, kill_with_guard, until
from engine.lab_cli import PROJECT, Cli, containers, docker, suite, toxics

LATENCY = {"type": "toxic", "link": "hive-proxy", "toxic": "latency", "attributes": {"latency": 300}, "for_seconds": 60}
PAUSE = {"type": "pause", "target": "redis", "for_seconds": 60}


@pytest.mark.parametrize(
    "signals",
    [(signal.SIGINT,), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM,)],
    ids=["ctrl-c", "ctrl-c twice", "term"],
)
def test_an_interrupted_run_undoes_everything_and_reports(
    cli: Cli, tmp_path: Path, signals: tuple[signal.Signals, ...]
) -> None:
    """Exit 130, a result for what was done so far, no traceback, a clean lab."""
    process = held(cli, tmp_path, LATENCY, PAUSE)
    for number in signals:
        process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Traceback" not in out + err
    result = cli.latest()
    assert (result["exit_code"], result["lab_clean"]) == (130, True)
    assert result["scenarios"][0]["verdict"] != "PASS"
    assert all(undo["clean"] for undo in result["scenarios"][0]["undo"])
    is_clean(cli)


def test_after_sigkill_the_toxics_go_by_themselves_and_the_guard_does_the_rest(cli: Cli, tmp_path: Path) -> None:
    """Toxics are gone within 3 s without the harness; a paused container is set going by the guard."""
    process = held(cli, tmp_path, LATENCY, PAUSE)
    assert toxics()["hive-proxy"]
    process.kill()
    took = until(lambda: not any(toxics().values()), 3, "the end of all toxics")
    assert took < 3
    process.communicate()
    until(lambda: "Paused" not in docker("ps", "--format", "{{.Status}}"), 40, "the guard's unpause")
    until(lambda: docker("ps", "-aq", "--filter", f"label=chaoslab.helper={PROJECT}") == "", 40, "the guard's end")
    is_clean(cli)


def test_recover_mends_a_lab_whose_results_are_gone(cli: Cli, tmp_path: Path) -> None:
    """Harness and guard killed, results deleted: recover finds what differs from the declared state and mends it."""
    kill_with_guard(process := held(cli, tmp_path, LATENCY, PAUSE))
    process.communicate()
    shutil.rmtree(cli.results)
    assert "Paused" in docker("ps", "--format", "{{.Status}}")
    done = cli.run("recover", check=0)
    assert "unpause redis" in done.out
    is_clean(cli)


def test_a_full_disk_ends_the_run_with_everything_undone(cli: Cli, tmp_path: Path) -> None:
    """Files that cannot grow any more: exit 4, a message that names the remedy, a clean lab."""
    scenario = {"id": "A-002", "name": "Held", "faults": [LATENCY]}

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    process = cli.start(
        "run", suite(tmp_path, scenario), "--profile", "full", "--results", str(cli.results), preexec_fn=small_files
    )
    out, err = process.communicate(timeout=120)
    assert process.returncode == 4, out + err
    assert "Traceback" not in out + err
    assert "free disk space" in out + err
    is_clean(cli)


def test_an_engine_that_goes_away_is_said_and_mended_later(cli: Cli, tmp_path: Path, forwarder: "Forwarder") -> None:
    """The connection to the engine ends mid-run: no traceback, exit 5 naming recover; the toxics are gone all the same."""
    away = Cli(cli.results, {"DOCKER_HOST": f"tcp://127.0.0.1:{forwarder.port}"})
    process = held(away, tmp_path, LATENCY)
    forwarder.close()
    out, err = process.communicate(timeout=90)
    assert "Traceback" not in out + err
    assert process.returncode == 5, out + err
    assert "recover" in out + err
    until(lambda: not any(toxics().values()), 15, "the end of all toxics")
    until(lambda: docker("ps", "-aq", "--filter", f"label=chaoslab.helper={PROJECT}") == "", 30, "the observer's end")
    cli.run("recover", check=0)
    is_clean(cli)


def test_a_second_run_is_refused_while_the_first_works(cli: Cli, tmp_path: Path) -> None:
    """The lock names its holder, and the first run is not disturbed."""
    process = held(cli, tmp_path, LATENCY)
    second = Cli(tmp_path / "second").run("run", str(tmp_path / "suite.json"), "--results", str(tmp_path / "second"))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert second.code == 4, second.said
    assert f"process {process.pid}" in second.said
    is_clean(cli)


def test_a_taken_port_is_named(cli: Cli) -> None:
    """When another program has one of the lab's ports, up says which and what to do."""
    port = int(docker("port", f"{PROJECT}-toxiproxy-1", "8080/tcp").splitlines()[0].rpartition(":")[2])
    cli.run("down", check=0)
    try:
        with socket.create_server(("127.0.0.1", port)):
            done = cli.run("up")
        assert done.code == 4, done.said
        assert "port" in done.said
        assert str(port) in done.said
        assert "next:" in done.said
    finally:
        cli.run("up", check=0)


def test_no_engine_is_one_clear_error(tmp_path: Path) -> None:
    """Nothing listens at the engine's address: exit 4, with the next step, nothing written but that."""
    done = Cli(tmp_path, {"DOCKER_HOST": "tcp://127.0.0.1:9"}).run("run", "--results", str(tmp_path / "results"))
    assert done.code == 4
    assert "does not answer" in done.said
    assert "next:" in done.said


def test_status_shows_what_somebody_else_broke(cli: Cli) -> None:
    """A container paused by hand is a difference, with exit 5; recover mends it."""
    name = next(name for name in containers() if "redis" in name)
    docker("pause", name)
    try:
        found = json.loads(cli.run("status", "--json", check=5).out)
    finally:
        cli.run("recover", check=0)
    assert [difference["mended_by"] for difference in found["differences"]] == ["unpause"]
    is_clean(cli)


class Forwarder:
    """A TCP way to the local engine's socket that can be cut."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._open: list[socket.socket] = [self._server]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect("/var/run/docker.sock")
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, sink: socket.socket) -> None:
        try:
            while chunk := source.recv(65_536):
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return  # cut

    def close(self) -> None:
        """Cut every connection and accept no more."""
        for one in self._open:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it was closed already
        for one in self._open:
            one.close()


@pytest.fixture
def forwarder() -> Iterator[Forwarder]:
    """Give a way to the engine that a test may cut."""
    made = Forwarder()
    yield made
    made.close()
