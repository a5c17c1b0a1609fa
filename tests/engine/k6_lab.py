"""A network with one small web server that counts what it is asked, and k6 beside it."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chaoslab import __version__
from chaoslab.model.load import LoadBatch, LoadRow
from chaoslab.tools.endpoint import resolve
from chaoslab.tools.engine import HELPER_LABEL, Engine
from chaoslab.tools.k6 import K6, K6Ended, K6Job

TOOLBOX, IMAGE = f"chaoslab/toolbox:{__version__}", f"chaoslab/k6:{__version__}"
PORT = 8000
LIMIT_SECONDS = 30.0
WAIT_SECONDS = 25.0
WEB = f"""
import collections, http.server, json, socket, struct, threading, time
counts, lock = collections.Counter(), threading.Lock()
STATUS = {{"/busy": 503, "/worse": 503, "/broken": 500}}
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/counts":
            return self.answer(200, json.dumps(counts).encode())
        with lock:
            counts[self.path.split("?")[0]] += 1
        if self.path == "/hang":
            time.sleep(3)
        if self.path == "/reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return self.connection.close()
        self.answer(STATUS.get(self.path, 200), b"{{}}")
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/busy":
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass
Server(("0.0.0.0", {PORT}), Handler).serve_forever()
"""
ASK = f"import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:{PORT}/counts').read().decode())"


class Run:
    """One run of k6 and what it told."""

    def __init__(self) -> None:
        self.batches: list[LoadBatch] = []
        self.log: list[str] = []
        self.k6: K6 | None = None

    @property
    def rows(self) -> list[LoadRow]:
        """All requests so far."""
        return [row for batch in tuple(self.batches) for row in batch.rows]

    def end(self) -> K6Ended:
        """Wait for its end."""
        assert self.k6 is not None
        return self.k6.wait(WAIT_SECONDS)


class K6Lab:
    """The server's container is called `web` in its network; all is removed at the end."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine(resolve())
        self.project = f"k6lab{os.getpid()}"
        self.folder = folder
        self.web = ""
        self._api: Any = self.engine._api
        self._runs: list[Run] = []

    def up(self) -> None:
        """Start the server."""
        self._api.create_network(self.project, labels={HELPER_LABEL: self.project})
        place = self._api.create_endpoint_config(aliases=["web"])
        self.web = self._api.create_container(
            TOOLBOX,
            ["python3", "-c", WEB],
            host_config=self._api.create_host_config(network_mode=self.project),
            networking_config=self._api.create_networking_config({self.project: place}),
            labels={HELPER_LABEL: f"{self.project}-web"},
        )["Id"]
        self._api.start(self.web)

    def counts(self) -> dict[str, int]:
        """Ask the server how often each path was asked for."""
        code, output = self.engine.execute(self.web, ["python3", "-c", ASK])
        assert code == 0, output
        return dict(json.loads(output))

    def start(self, text: str, limit_seconds: float = LIMIT_SECONDS, **environment: str) -> Run:
        """Run a script with `web` as BASE_URL."""
        script = self.folder / "script.js"
        script.write_text(text)
        return self.start_file(script, environment, limit_seconds)

    def start_file(self, script: Path, environment: Mapping[str, str], limit_seconds: float = LIMIT_SECONDS) -> Run:
        """The same with a script that is there."""
        run = Run()
        run.k6 = K6.start(
            self.engine,
            K6Job(
                project=self.project,
                network=self.project,
                image=IMAGE,
                script=script,
                environment={"BASE_URL": f"http://web:{PORT}", **environment},
                limit_seconds=limit_seconds,
            ),
            run.batches.append,
            run.log.append,
        )
        self._runs.append(run)
        return run

    def down(self) -> None:
        """Remove everything."""
        for run in self._runs:
            assert run.k6 is not None
            run.k6.close()
        self.engine.remove(self.web)
        self._api.remove_network(self.project)


@contextlib.contextmanager
def k6_lab(folder: Path) -> Iterator[K6Lab]:
    """Give a running one."""
    lab = K6Lab(folder)
    try:
        lab.up()
        yield lab
    finally:
        lab.down()
