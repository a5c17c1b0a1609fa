"""The observer on a real engine with the real Toxiproxy: measuring, the lock, tunnels, the dead man's switch."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.request import urlopen

import pytest

from chaoslab.clock import NS_PER_MS, SystemClock
from chaoslab.errors import ChaoslabError, LockHeld, ToolError
from chaoslab.observe.engine_events import EngineEvents
from chaoslab.observe.observer import Observer
from chaoslab.observe.rows import CanaryRequest
from engine.mini_lab import ACROSS, API_PORT, HEALTH, TOOLBOX, WEB_PORT, MiniLab, mini_lab
from unit.observe.plain import Collected

pytestmark = pytest.mark.engine
SAFE_SECONDS = 3.0
HARNESS = """
import sys, threading
from chaoslab.observe.observer import Observer
from chaoslab.tools.endpoint import resolve
from chaoslab.tools.engine import Engine
from engine.mini_lab import TOOLBOX, MiniLab
from unit.observe.plain import Collected

lab = MiniLab(Engine(resolve()), sys.argv[1])
observer = Observer.start(lab.engine, lab.spec, Collected(), name=lab.lock, image=TOOLBOX, labels={})
observer.arm(tuple(lab.spec.links.values()))
observer.stats()
print("armed", flush=True)
threading.Event().wait()
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[MiniLab]:
    """Give the two containers with their link."""
    with mini_lab() as running:
        yield running


class Seen:
    """An observer of the lab without the lock, with the engine's events, and what both told."""

    def __init__(self, lab: MiniLab) -> None:
        self.lab = lab
        self.sink = Collected()
        self.observer = Observer.start(lab.engine, lab.spec, self.sink, name=None, image=TOOLBOX, labels={})
        self.events = EngineEvents(lab.engine, lab.project, self.observer, self.sink)
        self.events.start()

    def toxiproxy(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call Toxiproxy's API from inside the lab."""
        reply = self.observer.request(method, f"toxiproxy:{API_PORT}{path}", body=body)
        return json.loads(reply.body) if reply.body else None

    def toxic(self, kind: str, name: str = "t", **attributes: int) -> None:
        """Add a toxic to the link."""
        self.toxiproxy("POST", "/proxies/web-proxy/toxics", {"name": name, "type": kind, "attributes": attributes})

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 10.0) -> float:
        """Wait until something holds, and say how many seconds that took."""
        began = SystemClock().now_ns()
        self.sink.wait(condition, what, seconds)
        return (SystemClock().now_ns() - began) / 1e9


@pytest.fixture
def seen(lab: MiniLab) -> Iterator[Seen]:
    """Give an observer on a clean lab."""
    looking = Seen(lab)
    lab.populate(looking.observer)
    yield looking
    looking.events.stop()
    looking.observer.stop()


def test_measures_directly_and_across_the_link(seen: Seen) -> None:
    """Both probes are answered from inside the lab at 20 Hz, at little cost, by a clock tied within a millisecond or so."""
    seen.observer.watch([HEALTH, ACROSS])
    seen.until(lambda: len(seen.sink.samples) >= 60, "60 samples")
    assert all(sample.good for sample in seen.sink.samples)
    assert seen.observer.tie.error_ns < 5 * NS_PER_MS
    assert seen.observer.stats().cpu_percent_of_one_core < 10


def test_canary_sees_latency(seen: Seen) -> None:
    """A canary measures the latency that a toxic adds to its link, and its end."""
    seen.observer.canaries([CanaryRequest("web-proxy")])
    seen.until(lambda: len(seen.sink.samples) >= 5, "canaries")
    before = max(sample.detail["answer_ms"] for sample in seen.sink.samples)
    seen.toxic("latency", latency=200)
    seen.until(lambda: any(sample.detail["answer_ms"] > 195 for sample in seen.sink.samples), "a delayed canary")
    assert before < 195
    assert all(sample.detail["close"] == "closed" for sample in seen.sink.samples)


def test_lock(lab: MiniLab) -> None:
    """The observer's name is the lab's lock: a second one is refused with the holder's labels; one without a name is not."""
    labels = {"chaoslab.owner.user": "somebody", "chaoslab.owner.pid": "77"}
    holder = Observer.start(lab.engine, lab.spec, Collected(), name=lab.lock, image=TOOLBOX, labels=labels)
    try:
        with pytest.raises(LockHeld, match=r"pid 77, user somebody"):
            Observer.start(lab.engine, lab.spec, Collected(), name=lab.lock, image=TOOLBOX, labels={})
        Observer.start(lab.engine, lab.spec, Collected(), name=None, image=TOOLBOX, labels={}).stop()
    finally:
        holder.stop()
    lab.await_unlocked()


def test_tunnel_to_toxiproxy(seen: Seen) -> None:
    """Toxiproxy's control port is reached through the observer without being published."""
    host, port = seen.observer.tunnel("toxiproxy", API_PORT)
    with urlopen(f"http://{host}:{port}/version", timeout=5) as answer:
        assert b"2.12.0" in answer.read()


def test_crash_is_seen_by_samples_and_events(seen: Seen) -> None:
    """A crash shows as bad samples; the engine's die and start events fall where the samples say, in lab time."""
    seen.observer.boost(200)
    seen.observer.watch([HEALTH])
    seen.until(lambda: len(seen.sink.samples) >= 50, "a baseline")
    with pytest.raises(ToolError):
        seen.observer.request("POST", f"web:{WEB_PORT}/die")
    seen.until(lambda: any(event.data.get("action") == "start" for event in seen.sink.events), "the restart")
    seen.until(lambda: seen.sink.samples[-1].good and not all(s.good for s in seen.sink.samples), "recovery")
    bad = [sample for sample in seen.sink.samples if not sample.good]
    actions = {event.data["action"]: event for event in seen.sink.events}
    assert actions["die"].data == {"action": "die", "service": "web", "replica": 1, "exit_code": 1}
    assert -20 < (actions["die"].at_ns - bad[0].sent_ns) / NS_PER_MS < 200
    assert bad[0].sent_ns < actions["start"].at_ns < bad[-1].sent_ns + 200 * NS_PER_MS


def test_a_new_address_is_dialled(lab: MiniLab, seen: Seen) -> None:
    """A service that comes back under another address is found there after its start event."""
    seen.observer.watch([HEALTH])
    seen.until(lambda: seen.sink.samples, "a sample")
    before = lab.replica("web").address
    lab.occupy_address_of_web()
    seen.until(lambda: seen.sink.samples[-1].good and lab.replica("web").address != before, "an answer from elsewhere")
    assert seen.observer.addresses.find("web") != before
    lab.release_address()


@pytest.mark.parametrize("traffic", [False, True])
def test_dead_mans_switch(lab: MiniLab, seen: Seen, traffic: bool) -> None:
    """A harness killed with SIGKILL leaves no toxic behind after 3 s, and its proxy enabled, under traffic as well."""
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS, lab.project],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)},
    )
    assert harness.stdout is not None
    assert harness.stdout.readline() == b"armed\n"
    if traffic:
        seen.observer.canaries([CanaryRequest("web-proxy", rate_hz=50, path="/big", timeout_seconds=20)])
        seen.toxic("bandwidth", "slow", rate=10)
        seen.toxic("latency", "late", latency=500)
        seen.until(lambda: seen.observer.stats().wall_seconds > 3, "traffic in full swing")
    else:
        seen.toxic("timeout", timeout=0)
        seen.toxiproxy("POST", "/proxies/web-proxy", {"enabled": False})
    harness.kill()
    harness.wait()
    harness.stdout.close()

    def clean() -> bool:
        try:
            reply = seen.observer.request("GET", f"toxiproxy:{API_PORT}/proxies", timeout_seconds=0.3)
        except ChaoslabError:
            return False
        return all(proxy["enabled"] and not proxy["toxics"] for proxy in json.loads(reply.body).values())

    took = seen.until(clean, "a clean Toxiproxy", 30)
    lab.await_unlocked()
    assert clean()
    assert took < SAFE_SECONDS


def test_losing_the_container_is_told(lab: MiniLab) -> None:
    """When the observer's container goes away the history learns it within a second."""
    sink = Collected()
    observer = Observer.start(lab.engine, lab.spec, sink, name=lab.lock, image=TOOLBOX, labels={})
    began = time.monotonic()
    lab.engine.kill(lab.lock)
    sink.wait(lambda: sink.failures, "the failure", 5)
    assert time.monotonic() - began < 2
    assert sink.events[0].kind == "note"
    observer.stop()
