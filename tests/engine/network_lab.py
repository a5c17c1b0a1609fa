"""A lab for the network faults: a client that asks, on new connections and by name, two web servers that answer, an observer."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from chaoslab import __version__
from chaoslab.clock import SystemClock
from chaoslab.faults.catalog import make_fault
from chaoslab.faults.fault import Fault
from chaoslab.lab.lab import RUN_LABEL, Lab
from chaoslab.model.history import UndoResult
from chaoslab.model.lab import READY_LABEL, LabSpec, Probe, Service
from chaoslab.model.plan import Step
from chaoslab.model.replica import Replica
from chaoslab.model.suite import FaultSpec
from chaoslab.observe.observer import Observer
from chaoslab.store import History, StopFlag
from chaoslab.tools.endpoint import resolve
from chaoslab.tools.engine import HELPER_LABEL, NUMBER, ONEOFF, PROJECT, SERVICE, Engine
from chaoslab.undo import Reach, carry_out, end_helpers

TOOLBOX = f"chaoslab/toolbox:{__version__}"
PORT = 8000
PROMPT_SECONDS = 10.0
RUN_ID = "test-network"
WEB = f"""
import asyncio
async def serve(reader, writer):
    try:
        while await reader.readuntil(b"\\r\\n\\r\\n"):
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    writer.close()
async def main():
    await (await asyncio.start_server(serve, "0.0.0.0", {PORT}, backlog=4096)).serve_forever()
asyncio.run(main())
"""
CLIENT = f"""
import socket, time
while True:
    try:
        for *_, place in socket.getaddrinfo("web", {PORT}, socket.AF_INET, socket.SOCK_STREAM):
            with socket.create_connection(place, timeout=0.3):
                pass
    except OSError:
        pass
    time.sleep(0.02)
"""
ASK = f"""
import socket, sys
try:
    with socket.create_connection((sys.argv[1], {PORT}), timeout=1) as talk:
        talk.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
        print(talk.recv(12).decode())
except OSError as error:
    print(error)
"""


class NetworkLab:
    """Its containers carry compose's labels, so the harness takes them for a compose project."""

    def __init__(self) -> None:
        self.engine = Engine(resolve())
        self.project = f"netlab{os.getpid()}"
        self.api: Any = self.engine._api
        self.history = History(None, SystemClock(), StopFlag())
        self.spec = LabSpec(
            project=self.project,
            services={
                "web": Service(name="web", replicas=2, chaos_ready=True),
                "client": Service(name="client", chaos_ready=True),
            },
            networks=(self.project,), toxiproxy=None, default_link=None, links={}, triggers={},
            probes={"web-health": Probe(name="web-health", service="web", port=PORT, each=True, timeout_seconds=0.3)},
        )  # fmt: skip

    def up(self) -> None:
        """Start everything, and wait until the observer sees both servers."""
        self.api.create_network(self.project, labels={HELPER_LABEL: self.project})
        for service, number, program in (("web", 1, WEB), ("web", 2, WEB), ("client", 1, CLIENT)):
            self.run(service, number, program)
        observer = Observer.start(
            self.engine, self.spec, self.history, name=None, image=TOOLBOX, labels={RUN_LABEL: RUN_ID}
        )
        self.history.tie = observer.tie
        reach = Reach(
            self.project, TOOLBOX, self.engine, self.api, self.history, labels={RUN_LABEL: RUN_ID},
            renew=observer.set_addresses,
        )  # fmt: skip
        self.lab = Lab(self.spec, reach, observer, RUN_ID, seed=1)
        observer.watch(tuple(self.spec.probes.values()))
        self.until_healthy()

    def run(self, service: str, number: int, program: str) -> None:
        """Start one container under its service's name as an alias."""
        endpoint = self.api.create_endpoint_config(aliases=[service, f"{service}-{number}"])
        labels = {PROJECT: self.project, SERVICE: service, NUMBER: str(number), ONEOFF: "False", READY_LABEL: "true"}
        created = self.api.create_container(
            TOOLBOX, ["python3", "-c", program], environment={"RES_OPTIONS": "timeout:1 attempts:1"}, labels=labels,
            name=f"{self.project}-{service}-{number}",
            networking_config=self.api.create_networking_config({self.project: endpoint}),
            host_config=self.api.create_host_config(cap_drop=["ALL"], network_mode=self.project, init=True),
        )["Id"]  # fmt: skip
        self.api.start(created)

    def until_healthy(self) -> None:
        """Wait until every server answered the observer after now."""
        since = self.history.now_ns()

        def seen() -> bool | None:
            good = {one.replica for one in tuple(self.history.series("web-health")) if one.good and one.sent_ns > since}
            return True if good == {1, 2} else None

        self.history.wait(seen, PROMPT_SECONDS, "an answer of both servers")

    def fault(self, spec: FaultSpec) -> Fault[Any]:
        """Make a fault as the spine does."""
        return make_fault(Step("N-1.1", spec, 0.0, 2.0), self.lab, "N-1")

    def hold(self, seconds: float = 1.0) -> None:
        """Let a fault have its effect."""
        self.history.pause(seconds)

    def revert(self, fault: Fault[Any]) -> list[UndoResult]:
        """Carry out a fault's undos, last first."""
        return [carry_out(undo, self.lab.reach) for undo in reversed(fault.undos())]

    def replica(self, service: str, number: int = 1) -> Replica:
        """Inspect one."""
        return self.lab.replica(service, number)

    def ask(self, source: Replica, host: str) -> str:
        """Ask a server from inside a container."""
        return self.engine.execute(source.id, ["python3", "-c", ASK, host])[1].strip()

    def down(self) -> None:
        """Remove everything."""
        if hasattr(self, "lab"):
            end_helpers(self.lab.reach)
            self.lab.observer.stop()
        for replica in self.engine.replicas(self.project):
            self.engine.remove(replica.id)
        for helper in self.engine.helpers(self.project):
            self.engine.remove(helper["Id"])
        deadline = SystemClock().now_ns() + PROMPT_SECONDS * 1e9
        while SystemClock().now_ns() < deadline:
            with contextlib.suppress(Exception):  # a container on its way out still holds the network
                self.api.remove_network(self.project)
                return


@contextlib.contextmanager
def network_lab() -> Iterator[NetworkLab]:
    """Give a running one."""
    lab = NetworkLab()
    try:
        lab.up()
        yield lab
    finally:
        lab.down()
