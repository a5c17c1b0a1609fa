"""Turns probes and canaries into the observer's rows: bytes to send, an address, a rate; and its samples back into Samples."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaoslab.model.history import Sample
from chaoslab.model.lab import UNIQUE, LabSpec, Link, Probe
from chaoslab.observe.addresses import AddressBook

UNIQUE_MARK = "chaoslab_unique_id_00000"
"""Takes the place of UNIQUE in the row, as long as the ids that the observer makes, so that Content-Length stays right."""
SQL_USER = "lab"
"""User and database of `sql` probes; the server must trust them."""
SESSIONS = 4
"""At most so many `sql` samples are in flight, and none are boosted: PostgreSQL starts a process for each.

Measured: 200 a second are a fault of their own, and 20 that pile up on a database short of CPU keep it from ever coming back.
"""
CANARY_SESSIONS = 30
"""The same for canaries, which a toxic may hold up for many seconds: enough to be measured, too few to use up a server's connections."""
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


def redis_request(canary: bool, pad_bytes: int = 0, answers: int = 1, command: str = "PING") -> bytes:
    """Return a command, or a PING with padding that comes back; a canary's ends with QUIT, so that the server closes."""
    ping = (
        b"*2\r\n$4\r\nPING\r\n$%d\r\n%s\r\n" % (pad_bytes, b"x" * pad_bytes) if pad_bytes else f"{command}\r\n".encode()
    )
    return ping * answers + (b"QUIT\r\n" if canary else b"")


def sql_request(pad_bytes: int = 0, answers: int = 1) -> bytes:
    """Return a PostgreSQL session in one go (protocol 3.0): startup, `select 1` (or padding that comes back) that often, goodbye."""
    keys = b"user\0%s\0database\0%s\0\0" % (SQL_USER.encode(), SQL_USER.encode())
    startup = (len(keys) + 8).to_bytes(4, "big") + (3 << 16).to_bytes(4, "big") + keys
    text = b"select '%s'\0" % (b"x" * pad_bytes) if pad_bytes else b"select 1\0"
    query = b"Q" + (len(text) + 4).to_bytes(4, "big") + text
    return startup + query * answers + b"X\0\0\0\4"


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
        common = {
            "kind": probe.kind, "request": _probe_bytes(probe, host).decode("latin-1"), "expect": list(probe.expect_status),
            "capture": probe.capture, "port": port, "rate": probe.rate_hz, "timeout": probe.timeout_seconds,
            "boosted": probe.role == "health" and probe.kind != "sql", "cap": SESSIONS if probe.kind == "sql" else 0,
            "keep": list(probe.keep), "pattern": probe.expect_body, "answers": 2 if probe.kind == "sql" else 1,
            "unique": UNIQUE_MARK if has_unique(probe) else "",
        }  # fmt: skip
        return [{"id": self._id(probe.name, number), "ip": address, **common} for number, address in places.items()]

    def _canary_row(self, canary: CanaryRequest) -> dict[str, Any]:
        link = self._spec.links[canary.link]
        return {
            "id": self._id(f"canary:{link.name}", 0), "canary": True, "kind": link.canary.kind, "ip": self._proxy_address(), "port": link.port,
            "request": _canary_bytes(link, canary).decode("latin-1"), "answers": _answers(link, canary), "expect": list(range(100, 600)),
            "rate": canary.rate_hz, "timeout": canary.timeout_seconds, "boosted": canary.boosted,
            "cap": CANARY_SESSIONS if link.canary.kind == "sql" else 0,
        }  # fmt: skip

    def _proxy_address(self) -> str:
        service = self._spec.toxiproxy.service if self._spec.toxiproxy else ""
        return next((address for address in self._book.of(service).values() if address), "")


def has_unique(probe: Probe) -> bool:
    """Whether every request of a probe carries a fresh id."""
    return probe.body is not None and UNIQUE in json.dumps(probe.body)


def _probe_bytes(probe: Probe, host: str) -> bytes:
    if probe.kind == "redis":
        return redis_request(canary=False, command=probe.body or "PING")
    if probe.kind == "sql":
        return sql_request()
    if probe.kind == "tcp":
        return b""
    body = probe.body
    if has_unique(probe):
        body = json.loads(json.dumps(body).replace(UNIQUE, UNIQUE_MARK))
    return Http(probe.method, host, probe.path, probe.headers, body).encoded()


def _canary_bytes(link: Link, canary: CanaryRequest) -> bytes:
    if link.canary.kind == "tcp":
        return b""
    if link.canary.kind == "redis":
        return redis_request(canary=True, pad_bytes=canary.pad_bytes, answers=canary.answers)
    if link.canary.kind == "sql":
        return sql_request(canary.pad_bytes, canary.answers)
    path = canary.path or link.canary.path
    return Http("GET", f"{link.server}:{link.port}", path, {}, None, canary.pad_bytes).encoded(canary.answers)


def _answers(link: Link, canary: CanaryRequest) -> int:
    """How many answers to await; for Redis lines (a padded PING comes back as two), for PostgreSQL the startup's as well."""
    if link.canary.kind == "sql":
        return canary.answers + 1
    return canary.answers * 2 if link.canary.kind == "redis" and canary.pad_bytes else canary.answers
