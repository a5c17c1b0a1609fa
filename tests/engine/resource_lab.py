"""A lab of one small web server with limits, a sized tmpfs and a volume, and the life of a resource fault on it."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import docker.errors

from chaoslab import __version__
from chaoslab.clock import SystemClock
from chaoslab.faults.catalog import make_fault, spec_types
from chaoslab.faults.fault import Fault
from chaoslab.lab.lab import RUN_LABEL, Lab
from chaoslab.model.history import Proof, UndoResult
from chaoslab.model.lab import ClockEndpoint, LabSpec, Probe, Service, Vram
from chaoslab.model.plan import Step
from chaoslab.model.replica import Replica
from chaoslab.observe.observer import Observer
from chaoslab.store import History, StopFlag
from chaoslab.tools.endpoint import resolve
from chaoslab.tools.engine import HELPER_LABEL, NUMBER, ONEOFF, PROJECT, SERVICE, Engine
from chaoslab.undo import Reach, carry_out, end_helpers

TOOLBOX = f"chaoslab/toolbox:{__version__}"
PORT = 8000
UP_SECONDS = 15.0
USER = "10001:10001"
CPUS, MEMORY_BYTES, PIDS, MOUNT_BYTES = 0.5, 128 << 20, 64, 16 << 20
WEB = f"""
import http.server, json, threading, time
vram = [0]
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        try:
            moved = float(open("/faketime/offset").read())
        except OSError:
            moved = 0
        self.answer({{"percent": vram[0], "unix_seconds": time.time() + moved, "mode": "full" if vram[0] else "free"}})
    def do_POST(self):
        vram[0] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["percent"]
        self.answer({{}})
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("0.0.0.0", {PORT}), Handler).serve_forever()
"""
"""The clock is moved by the same file that libfaketime would read: its own file format, without the library."""


class ResourceLab:
    """Its container carries compose's labels, so the harness takes it for a compose project."""

    def __init__(self, name: str = "resourcelab") -> None:
        self.engine = Engine(resolve())
        self.project = f"{name}{os.getpid()}"
        self.api: Any = self.engine._api
        self.history = History(None, SystemClock(), StopFlag())
        probe = Probe(name="web-health", service="web", port=PORT)
        service = Service(
            name="web", chaos_ready=True, nano_cpus=int(CPUS * 1e9), memory_bytes=MEMORY_BYTES, pids_limit=PIDS
        )
        self.spec = LabSpec(
            project=self.project, services={"web": service}, networks=(self.project,), toxiproxy=None, default_link=None,
            links={}, probes={probe.name: probe}, triggers={}, vram={"web": Vram(name="web", port=PORT, path="/vram")},
            clocks={"web": ClockEndpoint(name="web", port=PORT, path="/clock", file="/faketime/offset")},
        )  # fmt: skip
        self._observer: Observer | None = None
        self._lab: Lab | None = None

    @property
    def lab(self) -> Lab:
        """The lab as faults see it."""
        assert self._lab is not None
        return self._lab

    @property
    def web(self) -> Replica:
        """The container as it is now."""
        return self.lab.replica("web", 1)

    def up(self, **host: Any) -> None:
        """Start the container and the observer. `host` changes its limits."""
        self.api.create_network(self.project, labels={HELPER_LABEL: self.project})
        self._give_volume()
        limits = {
            "nano_cpus": int(CPUS * 1e9),
            "mem_limit": MEMORY_BYTES,
            "memswap_limit": MEMORY_BYTES,
            "pids_limit": PIDS,
        }
        config = self.api.create_host_config(
            restart_policy={"Name": "always"}, network_mode=self.project, read_only=True, cap_drop=["ALL"],
            tmpfs={"/data": f"size={MOUNT_BYTES},uid=10001,mode=0700", "/faketime": "uid=10001,mode=0700"},
            binds=[f"{self.project}:/disk"], **{**limits, **host},
        )  # fmt: skip
        created = self.api.create_container(
            TOOLBOX, ["python3", "-c", WEB], name=f"{self.project}-web-1", user=USER, host_config=config, volumes=["/disk"],
            labels={
                PROJECT: self.project, SERVICE: "web", NUMBER: "1", ONEOFF: "False", "chaoslab.chaos-ready": "true",
                            },
        )["Id"]  # fmt: skip
        self.api.start(created)
        self._observer = Observer.start(
            self.engine, self.spec, self.history, name=None, image=TOOLBOX, labels={RUN_LABEL: "test"}
        )
        self.history.tie = self._observer.tie
        self._observer.watch(tuple(self.spec.probes.values()))
        reach = Reach(
            self.project, TOOLBOX, self.engine, cast("Any", None), self.history, labels={RUN_LABEL: "test"},
            request=self._observer.request,
        )  # fmt: skip
        self._lab = Lab(self.spec, reach, self._observer, "test", 1)
        self.until(self.serves, "an answer of the web server")

    def _give_volume(self) -> None:
        """Make a volume that the service's own user may write to."""
        config = self.api.create_host_config(network_mode="none", binds=[f"{self.project}:/disk"])
        created = self.api.create_container(TOOLBOX, ["chown", USER, "/disk"], host_config=config, volumes=["/disk"])[
            "Id"
        ]
        self.api.start(created)
        self.api.wait(created, timeout=UP_SECONDS)
        self.engine.remove(created)

    def serves(self) -> bool:
        """Whether it answers now."""
        return any(sample.good for sample in tuple(self.history.series("web-health"))[-3:])

    def refresh_address(self) -> None:
        """Tell the observer where a restarted container is."""
        assert self._observer is not None
        self._observer.set_addresses("web", {1: self.web.address})

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition."""
        self.history.wait(lambda: condition() or None, UP_SECONDS, what)

    def down(self) -> None:
        """Remove everything."""
        if self._lab is not None:
            end_helpers(self._lab.reach)
        if self._observer is not None:
            self._observer.stop()
        for replica in self.engine.replicas(self.project):
            self.engine.remove(replica.id)
        for helper in self.engine.helpers(self.project):
            self.engine.remove(helper["Id"])
        for remove in (self.api.remove_network, self.api.remove_volume):
            self._removed(remove)

    def _removed(self, remove: Callable[[str], None]) -> None:
        """Remove what a container on its way out still holds for a moment."""
        clock = SystemClock()
        deadline = clock.now_ns() + UP_SECONDS * 1e9
        while clock.now_ns() < deadline:
            try:
                remove(self.project)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError:
                clock.sleep(0.1)
            else:
                return


class Life:
    """One fault from prepare to prove_clean."""

    def __init__(self, lab: ResourceLab, kind: str, hold_seconds: float = 2.0, **keys: Any) -> None:
        spec = spec_types()[kind].model_validate({"type": kind, **keys})
        step = Step(f"T-{kind}.1", spec, 0.0, hold_seconds)
        self.lab = lab
        self.hold_seconds = hold_seconds
        self.fault: Fault[Any] = make_fault(step, lab.lab, "T")
        self.results: list[UndoResult] = []

    def start(self) -> None:
        """Prepare and inject."""
        self.fault.prepare()
        self.undos = self.fault.undos()
        self.effect = self.fault.inject()

    def hold(self) -> Proof:
        """Hold it and measure."""
        self.lab.history.pause(self.hold_seconds)
        return self.fault.prove()

    def end(self) -> Proof:
        """Undo it and measure."""
        self.results = [carry_out(undo, self.lab.lab.reach) for undo in reversed(self.undos)]
        return self.fault.prove_clean()


@contextlib.contextmanager
def life(lab: ResourceLab, kind: str, hold_seconds: float = 2.0, **keys: Any) -> Iterator[Life]:
    """Give a fault that was injected; undo it whatever happens."""
    made = Life(lab, kind, hold_seconds, **keys)
    try:
        made.start()
        yield made
    finally:
        for undo in reversed(getattr(made, "undos", ())):
            carry_out(undo, lab.lab.reach)
        made.fault.close()


@contextlib.contextmanager
def resource_lab(name: str = "resourcelab", **host: Any) -> Iterator[ResourceLab]:
    """Give a running one."""
    lab = ResourceLab(name)
    try:
        lab.up(**host)
        yield lab
    finally:
        lab.down()


RECORDED = Path(__file__).parents[1] / "recorded"
