"""Runs in the lab's network and holds connections open; run in a container's network namespace it counts what stands there.

Arguments: NUMBER LIMIT_SECONDS. NUMBER connections will be held at most. All are closed on request, at the end of input,
on SIGTERM and at the time limit. Input and output: one JSON value per line.
`{"do":"open","places":[["10.0.0.2",8080]],"number":1000,"slow":false,"seconds":5}` opens that many to each place, and opens
anew what the other side ends. Slow ones send a request's head, a byte a second.
`{"do":"count"}` tells how many are open, from which ports, and how many the other side has ended or refused.
`{"do":"close"}` closes them all.
`{"do":"established","port":8080,"peer":"10.0.0.9","ports":[40000]}` counts the namespace's established connections to that
port from those ports of that peer (a container of the same address that is gone may have left others).
Every instant is CLOCK_MONOTONIC in ns; an answer's `at_ns` lies within `error_ns` of the change.
"""

import errno
import json
import os
import resource
import selectors
import signal
import socket
import struct
import sys
import time
from collections.abc import Collection

SPARE_DESCRIPTORS = 32
AGAIN_SECONDS = 0.2
"""What the other side ended is opened anew so much later: a service that refuses is asked again, not stormed."""
DRIP_SECONDS = 1.0
HEAD = b"GET / HTTP/1.1\r\nHost: chaoslab\r\nX-Slow: "
ESTABLISHED = "01"
TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


def established(text: str, port: int, peer: str, ports: Collection[int]) -> int:
    """Count the rows of /proc/net/tcp or tcp6 in state ESTABLISHED with that local port and that remote IPv4 address and ports."""
    wanted = socket.inet_aton(peer)
    count = 0
    for line in text.splitlines()[1:]:
        words = line.split()
        remote, _, remote_port = words[2].partition(":")
        address = struct.pack("=I", int(remote[-8:], 16))  # IPv4, or the end of an IPv4-mapped IPv6 address
        mine = address == wanted and int(remote_port, 16) in ports
        count += mine and words[3] == ESTABLISHED and int(words[1].rpartition(":")[2], 16) == port
    return count


class Connections:
    """What is held open, and what became of the rest."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.open: dict[socket.socket, tuple[str, int]] = {}
        self.pending: dict[socket.socket, tuple[str, int]] = {}
        self.again: list[tuple[float, tuple[str, int]]] = []
        self.ended = 0
        self.refused: dict[str, int] = {}
        self.slow = False
        self.source = ""
        self.next_drip = 0.0

    def dial(self, place: tuple[str, int]) -> None:
        """Begin one connection."""
        one = socket.socket()
        one.settimeout(0)
        code = one.connect_ex(place)
        if code not in (0, errno.EINPROGRESS):
            self.fail(one, place, code)
            return
        self.pending[one] = place
        self.selector.register(one, selectors.EVENT_WRITE, place)

    def fail(self, one: socket.socket, place: tuple[str, int], code: int) -> None:
        """Count why a connection did not come about, and try again later."""
        one.close()
        name = errno.errorcode.get(code, str(code))
        self.refused[name] = self.refused.get(name, 0) + 1
        self.again.append((time.monotonic() + AGAIN_SECONDS, place))

    def take(self, one: socket.socket) -> None:
        """See what became of a connection: it came about, failed, or has something to read."""
        if place := self.pending.pop(one, None):
            if code := one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.selector.unregister(one)
                self.fail(one, place, code)
                return
            self.source = one.getsockname()[0]
            self.open[one] = place
            self.selector.modify(one, selectors.EVENT_READ, place)
            if self.slow:
                self.write(one, HEAD)
            return
        try:
            ended = not one.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            ended = True
        if ended:
            self.drop(one)

    def drop(self, one: socket.socket) -> None:
        """Let go of what the other side ended."""
        self.ended += 1
        self.again.append((time.monotonic() + AGAIN_SECONDS, self.open.pop(one)))
        self.selector.unregister(one)
        one.close()

    def write(self, one: socket.socket, data: bytes) -> None:
        """Send a little; a full buffer takes it another time."""
        try:
            one.send(data)
        except BlockingIOError:
            return
        except OSError:
            self.drop(one)

    def keep(self) -> None:
        """Open anew what is due, and let slow ones drip."""
        now = time.monotonic()
        due = [place for at, place in self.again if at <= now]
        self.again = [(at, place) for at, place in self.again if at > now]
        for place in due:
            self.dial(place)
        if self.slow and now >= self.next_drip:
            self.next_drip = now + DRIP_SECONDS
            for one in list(self.open):
                self.write(one, b"a")

    def turn(self, seconds: float) -> bool:
        """Handle what happens within that time; True when there is input to read."""
        heard = False
        for key, _ in self.selector.select(max(0.0, seconds)):
            if key.fileobj == 0:
                heard = True
            elif isinstance(key.fileobj, socket.socket):
                self.take(key.fileobj)
        self.keep()
        return heard

    def begin(self, request: dict[str, object]) -> dict[str, object]:
        """Open them all; returns when all stand, or after the given time."""
        before = time.monotonic_ns()
        places = [(str(host), int(port)) for host, port in request["places"]]  # type: ignore[attr-defined]
        number, self.slow = int(str(request["number"])), bool(request["slow"])
        for place in places:
            for _ in range(number):
                self.dial(place)
        deadline = time.monotonic() + float(str(request["seconds"]))
        while len(self.open) < number * len(places) and (left := deadline - time.monotonic()) > 0:
            self.turn(min(left, 0.05))
        after = time.monotonic_ns()
        return {**self.count(), "at_ns": after, "error_ns": after - before}

    def count(self) -> dict[str, object]:
        """Tell how it stands."""
        ports = sorted({one.getsockname()[1] for one in self.open})
        return {
            "open": len(self.open),
            "ports": ports,
            "ended": self.ended,
            "refused": self.refused,
            "source": self.source,
        }

    def close(self) -> dict[str, object]:
        """Close them all, and open no more."""
        before = time.monotonic_ns()
        closed = len(self.open)
        for one in (*self.open, *self.pending):
            self.selector.unregister(one)
            one.close()
        self.open.clear()
        self.pending.clear()
        self.again.clear()
        after = time.monotonic_ns()
        return {"closed": closed, "at_ns": after, "error_ns": after - before}

    def answer(self, request: dict[str, object]) -> dict[str, object]:
        """Carry out one request; what goes wrong is answered, not raised."""
        do = request.get("do")
        try:
            if do == "open":
                return self.begin(request)
            if do == "count":
                return self.count()
            if do == "close":
                return self.close()
            if do == "established":
                port, peer = int(str(request["port"])), str(request["peer"])
                ports = {int(one) for one in request["ports"]}  # type: ignore[attr-defined]
                return {"established": sum(established(read(table), port, peer, ports) for table in TABLES)}
        except (OSError, KeyError, ValueError, TypeError) as error:
            return {"error": str(error)}
        return {"error": f"unknown request {do!r}"}


def read(path: str) -> str:
    """Return a file's text, nothing when it is not there (no IPv6)."""
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def allow_descriptors(number: int) -> str:
    """Raise this process's own limit as far as needed; returns why not, else nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = number + SPARE_DESCRIPTORS
    if hard != resource.RLIM_INFINITY and needed > hard:
        return f"{number} connections need {needed} file descriptors, a container here may have {hard}"
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    return ""


def main(number: int, limit_seconds: float) -> None:
    """Answer requests until the input ends or the time limit passes; then close what is open."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if why_not := allow_descriptors(number):
        print(json.dumps({"error": why_not}), flush=True)
        return
    connections = Connections()
    connections.selector.register(0, selectors.EVENT_READ)
    deadline = time.monotonic() + limit_seconds
    pending = b""
    print(json.dumps({"ready": True}), flush=True)
    while (left := deadline - time.monotonic()) > 0:
        if not connections.turn(min(left, 0.1 if connections.open or connections.again else left)):
            continue
        chunk = os.read(0, 65_536)
        if not chunk:
            return
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            print(json.dumps(connections.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
