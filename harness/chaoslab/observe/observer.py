"""Drives the observer container: configures it, asks it, and feeds what it streams into the history. Never judges a sample."""

import contextlib
import itertools
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from chaoslab.clock import NS_PER_MS, NS_PER_SECOND, Clock, SystemClock, Tie
from chaoslab.errors import ChaoslabError, EngineGone, LabError, LockHeld, ToolError
from chaoslab.model.lab import LabSpec, Link, Probe
from chaoslab.observe.addresses import PLACE, AddressBook
from chaoslab.observe.holder import holder
from chaoslab.observe.rows import CanaryRequest, Http, Rows
from chaoslab.observe.seams import ObserverStats, Reply, Sink, Stream
from chaoslab.observe.tie import Pong, TieKeeper
from chaoslab.observe.tunnel import Tunnels
from chaoslab.tools.engine import Engine, Helper

FIRST_PINGS = 20
PING_SECONDS = 0.5
SILENCE_SECONDS = 10.0
"""The observer gives up on a silent harness after as long (inside/observer/); so does the harness on it."""
START_TIMEOUT_SECONDS = 15.0
ANSWER_TIMEOUT_SECONDS = 5.0
CPU_SHARES = 16_384
"""Sixteen containers' worth: a lab that is short of CPU must not make its own measuring late."""


class Observer:
    """The running observer. Its methods may be called from any thread; samples arrive on its own reader thread."""

    def __init__(self, stream: Stream, spec: LabSpec, sink: Sink, clock: Clock | None = None) -> None:
        self._stream = stream
        self._spec = spec
        self._sink = sink
        self._clock = clock or SystemClock()
        self.addresses = AddressBook()
        self.gone: ToolError | None = None
        self._rows = Rows(spec, self.addresses)
        self._probes: tuple[Probe, ...] = ()
        self._canaries: tuple[CanaryRequest, ...] = ()
        self._armed: tuple[Link, ...] = ()
        self._configuring = threading.RLock()
        self._ties = TieKeeper()
        self._asked: dict[int, int] = {}
        self._numbers = itertools.count(1)
        self._replies: dict[int, dict[str, Any]] = {}
        self._answered = threading.Condition()
        self._stopping = threading.Event()
        self._tunnels = Tunnels(self._send, self.addresses.find)
        self._threads = [
            threading.Thread(target=self._read, name="chaoslab-observer", daemon=True),
            threading.Thread(target=self._keep_pinging, name="chaoslab-pings", daemon=True),
        ]

    @classmethod
    def start(
        cls,
        engine: Engine,
        spec: LabSpec,
        sink: Sink,
        *,
        name: str | None,
        image: str,
        labels: Mapping[str, str],
    ) -> "Observer":
        """Start the container in all of the lab's networks and tie the clocks. `name` is the lab's lock; None takes none.

        Raises LockHeld when a container of that name exists, ToolError when the observer does not start.
        """
        replicas = engine.replicas(spec.project)
        networks = tuple(dict.fromkeys(name for replica in replicas for name in replica.addresses)) or spec.networks
        helper = Helper(
            project=spec.project, image=image, program="observer", cpu_shares=CPU_SHARES, name=name, labels=labels,
            network=networks[0] if networks else "bridge", more_networks=networks[1:],
        )  # fmt: skip
        try:
            stream = engine.start_helper(helper)
        except ToolError as error:
            if error.code == 409 and name is not None:
                raise LockHeld(
                    f"this lab is in use: {holder(engine, name)}", remedy="wait until that run ends, or end it"
                ) from error
            raise
        observer = cls(stream, spec, sink)
        observer.addresses.set_all(replicas, networks)
        observer.open()
        return observer

    def open(self) -> None:
        """Start the threads and wait for the first round trips. Raises ToolError when none come."""
        for thread in self._threads:
            thread.start()
        with self._answered:
            tied = self._answered.wait_for(lambda: self.gone or self._ties.count >= FIRST_PINGS, START_TIMEOUT_SECONDS)
        if self.gone is not None:
            raise self.gone
        if not tied:
            self._stream.close()
            raise ToolError(f"the observer did not answer within {START_TIMEOUT_SECONDS:g} s of its start")

    @property
    def tie(self) -> Tie:
        """How lab time relates to the harness's clock now; renewed twice a second."""
        return self._ties.tie(self._clock.now_ns())

    @property
    def real_minus_mono_ns(self) -> int:
        """The engine's wall clock minus lab time: places the engine's own time stamps in lab time."""
        return self._ties.real_minus_mono_ns

    def watch(self, probes: Sequence[Probe]) -> None:
        """Ask these probes from now on, instead of those before; a probe that stays keeps its place on the timeline."""
        with self._configuring:
            self._probes = tuple(probes)
            self._configure()

    @property
    def canaries_sent(self) -> tuple[CanaryRequest, ...]:
        """The canaries in force, so that a fault can add its own to those of others."""
        return self._canaries

    def canaries(self, wanted: Sequence[CanaryRequest]) -> None:
        """Send these canaries from now on, instead of those before; their samples arrive as probe `canary:<link>`."""
        with self._configuring:
            self._canaries = tuple(wanted)
            self._configure()

    def set_addresses(self, service: str, addresses: Mapping[int, str]) -> None:
        """Dial a service's replicas at these addresses from now on; an empty address means that there is none."""
        with self._configuring:
            if self.addresses.set(service, addresses):
                self._configure()
                if self._spec.toxiproxy and service == self._spec.toxiproxy.service and self._armed:
                    self.arm(self._armed)

    def boost(self, rate_hz: float | None) -> None:
        """Raise the health probes (and canaries that ask for it) to this rate; None: back to their own."""
        self._send({"c": "boost", "hz": rate_hz})

    def arm(self, links: Sequence[Link]) -> None:
        """Arm the dead man's switch: without a harness the observer removes all toxics and enables these links' proxies. Empty disarms."""
        with self._configuring:
            self._armed = tuple(links)
            place: dict[str, Any] = {"host": None}
            if links and self._spec.toxiproxy:
                known = self.addresses.of(self._spec.toxiproxy.service).values()
                host = next((address for address in known if address), "")
                if not host:
                    return  # it is down, and takes its toxics with it; its next address arms again
                place = {"host": host, "port": self._spec.toxiproxy.port}
            proxies = [{"name": link.name, "listen": link.listen, "upstream": link.upstream} for link in links]
            self._send({"c": "arm", **place, "proxies": proxies})

    def request(
        self,
        method: str,
        url: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = ANSWER_TIMEOUT_SECONDS,
    ) -> Reply:
        """Send one HTTP request from inside the lab. `url`: `service:port/path`, `service[2]:port/path` or an address.

        Raises ToolError when no HTTP answer came in time (its message says why), LabError when the address is unknown.
        """
        match = PLACE.match(url)
        if match is None:
            raise LabError(f"{url!r} is not of the form service:port/path")
        host, port, path = match["host"], int(match["port"]), match["path"] or "/"
        address = self.addresses.find(host, int(match["replica"]) if match["replica"] else None)
        raw = Http(method, f"{host}:{port}", path, headers or {}, body).encoded().decode("latin-1")
        row = {"ip": address, "port": port, "request": raw, "timeout": timeout_seconds}
        answer = self._ask({"c": "request", "row": row}, timeout_seconds + ANSWER_TIMEOUT_SECONDS)
        if not answer["outcome"].isdigit():
            raise ToolError(
                f"{method} {url} from inside the lab: {answer['outcome']} (waited up to {timeout_seconds:g} s)"
            )
        return Reply(
            int(answer["outcome"]),
            answer["body"].encode("latin-1").decode(errors="replace"),
            answer["sent"],
            answer["at"],
        )

    def tunnel(self, host: str, port: int) -> tuple[str, int]:
        """Open a way to a port inside the lab; returns the host and port to dial on this machine."""
        return self._tunnels.open(host, port)

    def stats(self) -> ObserverStats:
        """Ask how the observer itself fares."""
        raw = self._ask({"c": "stats"}, ANSWER_TIMEOUT_SECONDS)
        return ObserverStats(
            raw["cpu_ns"] / NS_PER_SECOND, raw["wall_ns"] / NS_PER_SECOND, raw["samples"], raw["late"] + raw["missed"],
            raw["capped"], raw["unsendable"], raw["worst_late_ns"] / NS_PER_MS,
        )  # fmt: skip

    def stop(self) -> None:
        """End the observer without touching the lab. Idempotent; an observer that is gone already is fine."""
        if self._stopping.is_set():
            return
        self._tunnels.close()
        if self.gone is None:
            with contextlib.suppress(ToolError):  # it ended by itself: nothing is left to stop
                self._ask({"c": "stop"}, ANSWER_TIMEOUT_SECONDS, last=True)
        self._stopping.set()
        if self._threads[0].is_alive():
            self._threads[0].join(ANSWER_TIMEOUT_SECONDS)
        self._stream.close()

    def _configure(self) -> None:
        self._send({"c": "ask", "rows": self._rows.build(self._probes, self._canaries)})

    def _send(self, message: Any) -> None:
        if self.gone is not None:
            raise self.gone
        self._stream.send(message)

    def _ask(self, message: dict[str, Any], timeout_seconds: float, *, last: bool = False) -> dict[str, Any]:
        number = next(self._numbers)
        if last:
            self._stopping.set()
        self._send({**message, "id": number})
        with self._answered:
            self._answered.wait_for(lambda: number in self._replies or self.gone is not None, timeout_seconds)
            if (answer := self._replies.pop(number, None)) is not None:
                return answer
        raise self.gone or ToolError(f"the observer gave no answer to {message['c']!r} within {timeout_seconds:g} s")

    def _read(self) -> None:
        try:
            while (message := self._stream.receive(None)) is not None:
                self._take(message)
        except (ChaoslabError, OSError) as error:
            self._lost(str(error))
        except Exception as error:  # a reader that dies silently would leave the plan waiting for samples for ever
            self._lost(f"unexpected {error!r}")
            raise
        else:
            self._lost("its stream ended")

    def _take(self, message: dict[str, Any]) -> None:
        if "s" in message:
            self._sink.samples_in(self._rows.samples(message["s"]))
        elif "t" in message:
            self._tunnels.take(message)
        elif "p" in message:
            heard_ns = self._clock.now_ns()
            with self._answered:
                self._ties.add(
                    Pong(self._asked.pop(message["p"], heard_ns), heard_ns, message["mono"], message["real"])
                )
                self._answered.notify_all()
            self._sink.tie = self.tie
        else:
            with self._answered:
                self._replies[message["r"]] = message
                self._answered.notify_all()

    def _keep_pinging(self) -> None:
        """Ping in a burst first, then twice a second; a silent observer is a lost one."""
        while not self._stopping.is_set() and self.gone is None:
            number = next(self._numbers)
            self._asked[number] = self._clock.now_ns()
            try:
                self._send({"c": "ping", "id": number})
            except ChaoslabError:
                return  # the reader tells why
            with self._answered:
                heard = self._answered.wait_for(partial(self._answer_is_in, number), SILENCE_SECONDS)
            if not heard and not self._stopping.is_set():
                self._lost(f"it was silent for {SILENCE_SECONDS:g} s")
            if self._ties.count >= FIRST_PINGS:
                self._stopping.wait(PING_SECONDS)

    def _answer_is_in(self, ping: int) -> bool:
        return ping not in self._asked or self.gone is not None

    def _lost(self, why: str) -> None:
        """Tell everybody who waits, and the history, that the observer is gone; after `stop` that is as it should be."""
        if self.gone is not None:
            return
        words = " | ".join(getattr(self._stream, "stderr", ()))
        error = EngineGone(
            f"the observer is gone: {why}{'; it last said: ' + words if words else ''}",
            remedy="`chaoslab recover` puts the lab right",
        )
        with self._answered:
            self.gone = error
            self._answered.notify_all()
        if not self._stopping.is_set():
            self._sink.event("note", text=error.message)
            self._sink.fail(error)
