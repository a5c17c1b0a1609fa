"""Turns probes and canaries into the observer's rows: bytes to send, an address, a rate; and its samples back into Samples."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaoslab.model.history import Sample
from chaoslab.model.lab import LabSpec, Link, Probe
from chaoslab.observe.addresses import AddressBook

PAD_HEADER = "X-Chaoslab-Pad"
PAD_CHUNK_BYTES = 4000
"""Servers limit one header's length (8 KB is common): padding is spread over several."""


@dataclass(frozen=True, slots=True)
class CanaryRequest:
    """A canary to repeat across a link.

    `pad_bytes` makes each request that much longer; `answers` asks that often on one connection, so that more comes back:
    together they load a link both ways for measuring bandwidth. `boosted`: follows the observer's boost as probes do.
    """

    link: str
    rate_hz: float = 10.0
    timeout_seconds: float = 5.0
    pad_bytes: int = 0
    answers: int = 1
    path: str | None = None
    boosted: bool = False


@dataclass(frozen=True, slots=True)
class Http:
    """One HTTP request before it is bytes."""

    method: str
    host: str
    path: str
    headers: Mapping[str, str]
    body: Any = None
    pad_bytes: int = 0

    def encoded(self, answers: int = 1) -> bytes:
        """Return the request's bytes, `answers` times in a row; the last asks for the connection's end."""
        body = (
            b""
            if self.body is None
            else self.body.encode()
            if isinstance(self.body, str)
            else json.dumps(self.body).encode()
        )
        given = {"Host": self.host, "User-Agent": "chaoslab-observer", "Accept": "*/*", **self.headers}
        names = {name.lower() for name in given}
        if self.body is not None and not isinstance(self.body, str) and "content-type" not in names:
            given["Content-Type"] = "application/json"
        if body or self.method in ("POST", "PUT", "PATCH"):
            given["Content-Length"] = str(len(body))
        lines = [f"{self.method} {self.path} HTTP/1.1"] + [f"{name}: {value}" for name, value in given.items()]
        left = self.pad_bytes
        while left > 0:
            lines.append(f"{PAD_HEADER}: {'x' * min(left, PAD_CHUNK_BYTES)}")
            left -= PAD_CHUNK_BYTES
        kept = "\r\n".join([*lines, "", ""]).encode() + body
        last = "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body
        return kept * (answers - 1) + last


def redis_request(canary: bool, pad_bytes: int = 0, answers: int = 1) -> bytes:
    """Return a PING (with padding that comes back); a canary's ends with QUIT, so that the server closes."""
    ping = b"*2\r\n$4\r\nPING\r\n$%d\r\n%s\r\n" % (pad_bytes, b"x" * pad_bytes) if pad_bytes else b"PING\r\n"
    return ping * answers + (b"QUIT\r\n" if canary else b"")


class Rows:
    """The observer's schedule as data, with an id per probe and replica that is never used again for another."""

    def __init__(self, spec: LabSpec, book: AddressBook) -> None:
        self._spec = spec
        self._book = book
        self._ids: dict[tuple[str, int], int] = {}
        self._names: list[tuple[str, int]] = []

    def build(self, probes: Sequence[Probe], canaries: Sequence[CanaryRequest]) -> list[dict[str, Any]]:
        """Return every row for the addresses known now."""
        rows = [row for probe in probes for row in self._probe_rows(probe)]
        return rows + [self._canary_row(canary) for canary in canaries]

    def samples(self, batch: Iterable[Sequence[Any]]) -> list[Sample]:
        """Read a batch: id, scheduled, sent - scheduled, finished - sent (ns), good, outcome, optional detail."""
        found = []
        for number, scheduled, waited, took, good, outcome, *detail in batch:
            name, replica = self._names[number]
            sent = scheduled + waited
            found.append(
                Sample(name, replica, scheduled, sent, sent + took, bool(good), outcome, detail[0] if detail else None)
            )
        return found

    def _id(self, name: str, replica: int) -> int:
        if (name, replica) not in self._ids:
            self._names.append((name, replica))
            self._ids[name, replica] = len(self._names) - 1
        return self._ids[name, replica]

    def _probe_rows(self, probe: Probe) -> list[dict[str, Any]]:
        if probe.link is not None:
            link = self._spec.links[probe.link]
            places, port, host = {0: self._proxy_address()}, link.port, f"{link.server}:{link.port}"
        else:
            assert probe.service is not None
            assert probe.port is not None
            places, port, host = self._book.of(probe.service), probe.port, f"{probe.service}:{probe.port}"
        request = b""
        if probe.kind == "http":
            request = Http(probe.method, host, probe.path, probe.headers, probe.body).encoded()
        elif probe.kind == "redis":
            request = redis_request(canary=False)
        common = {
            "kind": probe.kind, "request": request.decode("latin-1"), "expect": list(probe.expect_status), "capture": probe.capture,
            "port": port, "rate": probe.rate_hz, "timeout": probe.timeout_seconds, "boosted": probe.role == "health",
        }  # fmt: skip
        return [{"id": self._id(probe.name, number), "ip": address, **common} for number, address in places.items()]

    def _canary_row(self, canary: CanaryRequest) -> dict[str, Any]:
        link = self._spec.links[canary.link]
        return {
            "id": self._id(f"canary:{link.name}", 0), "canary": True, "kind": link.canary.kind, "ip": self._proxy_address(), "port": link.port,
            "request": _canary_bytes(link, canary).decode("latin-1"), "answers": _answers(link, canary), "expect": list(range(100, 600)),
            "rate": canary.rate_hz, "timeout": canary.timeout_seconds, "boosted": canary.boosted,
        }  # fmt: skip

    def _proxy_address(self) -> str:
        service = self._spec.toxiproxy.service if self._spec.toxiproxy else ""
        return next((address for address in self._book.of(service).values() if address), "")


def _canary_bytes(link: Link, canary: CanaryRequest) -> bytes:
    if link.canary.kind == "tcp":
        return b""
    if link.canary.kind == "redis":
        return redis_request(canary=True, pad_bytes=canary.pad_bytes, answers=canary.answers)
    path = canary.path or link.canary.path
    return Http("GET", f"{link.server}:{link.port}", path, {}, None, canary.pad_bytes).encoded(canary.answers)


def _answers(link: Link, canary: CanaryRequest) -> int:
    """How many answers to await; for Redis how many lines (a padded PING comes back as a length and a value)."""
    return canary.answers * 2 if link.canary.kind == "redis" and canary.pad_bytes else canary.answers
