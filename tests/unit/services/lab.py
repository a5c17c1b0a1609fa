"""A whole lab of plain processes on free ports of the loopback: hive, workers, queen; nothing listens where Redis and PostgreSQL should be."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from unit.services.conftest import COMPOSE

DEADLINE_SECONDS = 15
TASK = {"model": "tiny", "prompt": "hello", "max_tokens": 3}


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, happened: Callable[[], object]) -> None:
    """Poll until it has happened; fails after the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"{what}: not within {DEADLINE_SECONDS} s"
        time.sleep(0.02)


class Processes:
    """Starts services; ends all of them in `stop`."""

    def __init__(self, workers: int = 2) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {"hive": free_port(), "queen": free_port()}
        self.hive = f"http://127.0.0.1:{self.ports['hive']}"
        self.queen = f"http://127.0.0.1:{self.ports['queen']}"
        self.nobody = free_port()
        self.spool = tempfile.TemporaryDirectory()
        self.start("hive")
        for number in range(workers):
            self.ports[f"w{number}"] = free_port()
            self.start(f"w{number}")
        self.start("queen")

    def start(self, name: str, **environment: str) -> None:
        """Start the service of that name; workers are called w0, w1, ..."""
        program = name if name in {"hive", "queen", "trader"} else "worker"
        settings = {
            "PORT": str(self.ports[name]),
            "HIVE_URL": self.hive,
            "REDIS_URL": f"redis://127.0.0.1:{self.nobody}",
            "POSTGRES_URL": f"postgresql://lab@127.0.0.1:{self.nobody}/lab",
            "SPOOL": self.spool.name,
            "WORKER_NAME": name,
            **environment,
        }
        self.running[name] = subprocess.Popen(
            [sys.executable, "-m", "services", program],
            cwd=COMPOSE,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **settings},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self, name: str, sig: signal.Signals) -> int:
        """Send a signal and await the end; returns the exit code."""
        self.running[name].send_signal(sig)
        return self.running[name].wait(DEADLINE_SECONDS)

    def stop(self) -> None:
        """End everything at once."""
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()
        self.spool.cleanup()

    def registered(self) -> set[str]:
        """The workers that the hive would give a task to."""
        status, answer = call("GET", f"{self.hive}/workers")
        known = answer["workers"] if status == 200 else []
        return {worker["hostname"] for worker in known if worker["state"] == "ready" and worker["free"]}

    def is_up(self) -> bool:
        """Whether the queen answers and every worker is registered."""
        workers = {name for name in self.running if name.startswith("w")}
        return self.registered() == workers and call("GET", f"{self.queen}/health")[0] == 200


def call(method: str, url: str, body: object = None, token: str = "any") -> tuple[int, Any]:  # noqa: S107 - any will do
    """Ask over HTTP: status and JSON answer; status 0 where nobody answers."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, method=method, headers=headers)
    request.data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            text = refusal.read()
            return refusal.code, json.loads(text) if text.startswith(b"{") else text
    except OSError:
        return 0, None
