"""A lab of two containers on a network of its own: Toxiproxy and a web server that dies when asked to."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import docker.types

from chaoslab import __version__
from chaoslab.clock import SystemClock
from chaoslab.errors import ToolError
from chaoslab.model.lab import LabSpec, Link, Probe, Service, ToxiproxyAddress
from chaoslab.model.replica import Replica
from chaoslab.observe.observer import Observer
from chaoslab.tools.endpoint import resolve
from chaoslab.tools.engine import HELPER_LABEL, NUMBER, ONEOFF, PROJECT, SERVICE, Engine

TOOLBOX = f"chaoslab/toolbox:{__version__}"
TOXIPROXY = f"chaoslab/toxiproxy:{__version__}"
WEB_PORT, LINK_PORT, API_PORT = 8000, 9000, 8474
BIG_BYTES = 5_000_000
UP_SECONDS = 15.0
WEB = f"""
import asyncio, os

async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            if head.startswith(b"POST /die"):
                os._exit(1)
            body = b"x" * {BIG_BYTES} if head.startswith(b"GET /big") else b"ok"
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
            await writer.drain()
            if b"Connection: close" in head:
                break
    except (OSError, asyncio.IncompleteReadError):
        pass
    writer.close()

async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", {WEB_PORT}, backlog=4096)
    await server.serve_forever()

asyncio.run(main())
"""
HEALTH = Probe(name="web-health", service="web", port=WEB_PORT)
ACROSS = Probe(name="web-across", link="web-proxy")


class MiniLab:
    """Its containers carry compose's labels, so the harness takes them for a compose project."""

    def __init__(self, engine: Engine, project: str | None = None) -> None:
        self.engine = engine
        self.project = project or f"minilab{os.getpid()}"
        self.lock = f"{self.project}-chaoslab-observer"
        link = Link(
            name="web-proxy", client="client", server="web", listen=f"[::]:{LINK_PORT}", upstream=f"web:{WEB_PORT}"
        )
        self.spec = LabSpec(
            project=self.project, services={name: Service(name=name) for name in ("web", "toxiproxy")},
            networks=(self.project,), toxiproxy=ToxiproxyAddress(port=API_PORT), default_link=link.name,
            links={link.name: link}, probes={HEALTH.name: HEALTH, ACROSS.name: ACROSS}, triggers={},
        )  # fmt: skip
        self.api: Any = engine._api
        self.api_types: Any = docker.types

    def up(self) -> None:
        """Start everything."""
        number = os.getpid() % 250
        pool = self.api_types.IPAMPool(subnet=f"10.213.{number}.0/24")
        ipam = self.api_types.IPAMConfig(pool_configs=[pool])
        self.api.create_network(self.project, ipam=ipam, labels={HELPER_LABEL: self.project})
        self.run("toxiproxy", TOXIPROXY, None)
        self.run_web()

    def run_web(self) -> None:
        """Start the web server afresh: a new container, so that the engine's restart back-off begins anew."""
        self.engine.remove(f"{self.project}-web-1")
        self.run("web", TOOLBOX, ["python3", "-c", WEB])

    def run(self, service: str, image: str, command: list[str] | None) -> None:
        """Start one service under its name as an alias, restarted whenever it dies."""
        endpoint = self.api.create_endpoint_config(aliases=[service])
        created = self.api.create_container(
            image, command, name=f"{self.project}-{service}-1",
            labels={PROJECT: self.project, SERVICE: service, NUMBER: "1", ONEOFF: "False"},
            networking_config=self.api.create_networking_config({self.project: endpoint}),
            host_config=self.api.create_host_config(restart_policy={"Name": "always"}, network_mode=self.project),
        )["Id"]  # fmt: skip
        self.api.start(created)

    def populate(self, observer: Observer) -> None:
        """Make the link's proxy anew, without toxics."""
        link = self.spec.links["web-proxy"]
        url = f"toxiproxy:{API_PORT}/proxies"
        deadline = SystemClock().now_ns() + UP_SECONDS * 1e9
        while SystemClock().now_ns() < deadline:
            with contextlib.suppress(ToolError):  # it may have been started a moment ago
                observer.request("DELETE", f"{url}/{link.name}")
                break
        wanted = {"name": link.name, "listen": link.listen, "upstream": link.upstream, "enabled": True}
        assert observer.request("POST", url, body=wanted).status == 201

    def occupy_address_of_web(self) -> None:
        """Stop the web server, let another container take its address, and start it again."""
        web = self.replica("web")
        self.engine.stop(web.id, 0)
        endpoint = self.api.create_endpoint_config(ipv4_address=web.address)
        created = self.api.create_container(
            TOOLBOX, ["sleep", "600"], name=f"{self.project}-squatter", labels={HELPER_LABEL: self.project},
            networking_config=self.api.create_networking_config({self.project: endpoint}),
            host_config=self.api.create_host_config(network_mode=self.project),
        )["Id"]  # fmt: skip
        self.api.start(created)
        self.engine.start(web.id)

    def release_address(self) -> None:
        """Remove the other container."""
        self.engine.remove(f"{self.project}-squatter")

    def await_unlocked(self) -> None:
        """Wait until the observer that held the lock is removed."""
        deadline = SystemClock().now_ns() + UP_SECONDS * 1e9
        while self.engine.inspect(self.lock) is not None:
            assert SystemClock().now_ns() < deadline, f"{self.lock} still exists after {UP_SECONDS} s"

    def replica(self, service: str) -> Replica:
        """Inspect one."""
        return self.engine.replicas(self.project, service)[0]

    def down(self) -> None:
        """Remove everything."""
        for replica in self.engine.replicas(self.project):
            self.engine.remove(replica.id)
        for helper in self.engine.helpers(self.project):
            self.engine.remove(helper["Id"])
        deadline = SystemClock().now_ns() + UP_SECONDS * 1e9
        while SystemClock().now_ns() < deadline:
            with contextlib.suppress(Exception):  # a container on its way out still holds the network
                self.api.remove_network(self.project)
                return


@contextlib.contextmanager
def mini_lab() -> Iterator[MiniLab]:
    """Give a running one."""
    lab = MiniLab(Engine(resolve()))
    try:
        lab.up()
        yield lab
    finally:
        lab.down()
