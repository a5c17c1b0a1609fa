"""Reads the engine's own events: appends them in lab time, and renews what the observer dials."""

import contextlib
import threading
from collections.abc import Mapping
from typing import Any, Protocol

from chaoslab.errors import EngineGone, ToolError
from chaoslab.observe.addresses import reachable
from chaoslab.observe.seams import Sink
from chaoslab.tools.engine import NUMBER, ONEOFF, SERVICE, Engine

ACTIONS = frozenset({"die", "start", "stop", "kill", "oom", "pause", "unpause", "restart", "health_status"})
TIMES_ERROR_NS = 1_000_000
"""The engine stamps an event after the fact; its wall clock is placed in lab time by two readings within this."""


class Addressed(Protocol):
    """What the events need of the observer."""

    @property
    def real_minus_mono_ns(self) -> int:
        """The engine's wall clock minus lab time."""

    def set_addresses(self, service: str, addresses: Mapping[int, str]) -> None:
        """Renew what is dialled."""


class EngineEvents:
    """One thread on the engine's event stream, from `start` to `stop`. An engine that goes away fails the history."""

    def __init__(self, engine: Engine, project: str, observer: Addressed, sink: Sink) -> None:
        self._engine = engine
        self._project = project
        self._observer = observer
        self._sink = sink
        self._source: Any = None
        self._stopping = False
        self._thread = threading.Thread(target=self._read, name="chaoslab-engine-events", daemon=True)

    def start(self) -> None:
        """Open the stream here, so that nothing that happens after this call is missed; then read it on its own thread."""
        self._source = self._engine.events(self._project)
        self._thread.start()

    def stop(self) -> None:
        """End the stream and its thread. Idempotent."""
        self._stopping = True
        if self._source is not None:
            self._source.close()
        if self._thread.is_alive():
            self._thread.join(5)

    def _read(self) -> None:
        why = "the event stream ended"
        try:
            for raw in self._source:
                self._take(raw)
        except ToolError as error:
            why = error.message
        except Exception as error:  # noqa: BLE001 - a lost connection has many types, and a dead thread would be trusted
            why = repr(error)
        if not self._stopping:
            gone = EngineGone(f"the engine's events ended: {why}", remedy=self._engine.endpoint.remedy())
            self._sink.event("note", text=gone.message)
            self._sink.fail(gone)

    def _take(self, raw: Mapping[str, Any]) -> None:
        attributes = raw["Actor"].get("Attributes") or {}
        action, _, detail = str(raw["Action"]).partition(":")
        service = attributes.get(SERVICE)
        if service is None or action not in ACTIONS or attributes.get(ONEOFF, "False") != "False":
            return
        number = int(attributes.get(NUMBER, "1"))
        data: dict[str, Any] = {"action": action, "service": service, "replica": number}
        if action == "die":
            data["exit_code"] = int(attributes.get("exitCode", "-1"))
        if detail:
            data["detail"] = detail.strip()
        if signal := attributes.get("signal"):
            data["signal"] = signal
        at_ns = int(raw["timeNano"]) - self._observer.real_minus_mono_ns
        self._sink.event("engine", at_ns=at_ns, error_ns=TIMES_ERROR_NS, **data)
        if action == "start":
            self._renew(service, number, str(raw["Actor"]["ID"]))

    def _renew(self, service: str, number: int, container: str) -> None:
        """Look up the address that a started container got."""
        replica = self._engine.inspect(container)
        if replica is None or not (address := reachable(replica, ())):
            return  # it is gone again: its next start brings the next address
        with contextlib.suppress(ToolError):  # an observer that is gone has told the history itself
            self._observer.set_addresses(service, {number: address})
