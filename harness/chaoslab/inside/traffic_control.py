"""Runs in a container's network namespace: puts a netem qdisc on its interfaces, measures round trips, takes the qdisc off again.

Arguments: LIMIT_SECONDS PEER RATE. RATE ICMP echo requests a second go to PEER (an IPv4 address; rate 0: none), before,
during and after. The qdisc carries the handle c4a0: and goes on request, at the end of input, on SIGTERM and at the time
limit. Input and output: one JSON value per line.
`{"do":"put","netem":["delay","100ms"]}` puts it on every interface but loopback.
`{"do":"remove"}` takes it off, whoever of ours put it.
`{"do":"read"}` returns `{"qdiscs":N,"packets":N,"drops":N}`.
`{"do":"echoes","since_ns":N,"until_ns":N}` returns `{"echoes":[[sent_ns,took_ns,...],...]}`: a time for each answer, more
than one when it was duplicated, none when it was lost.
Every instant is CLOCK_MONOTONIC in ns; an answer's `at_ns` lies within `error_ns` of the change.
"""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

TOOL_SECONDS = 10
HANDLE = "c4a0:"
ECHO_REQUEST, ECHO_REPLY = 8, 0
PAD = b"chaoslab" * 6
KEPT = 60_000


class ToolError(Exception):
    """tc refused."""


def run(argv: list[str]) -> str:
    """Run tc and return its output. Raises ToolError with its words."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    if done.returncode:
        raise ToolError(f"{argv[0]} exit {done.returncode}: {done.stderr.strip()[:300]}")
    return done.stdout


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo_request(identity: int, sequence: int) -> bytes:
    """Return an ICMP echo request."""
    bare = struct.pack(">BBHHH", ECHO_REQUEST, 0, 0, identity, sequence) + PAD
    return bare[:2] + struct.pack(">H", checksum(bare)) + bare[4:]


def answered(packet: bytes, identity: int) -> int | None:
    """Return the sequence number of an IPv4 packet that is an undamaged answer to one of ours, else None."""
    icmp = packet[(packet[0] & 15) * 4 :]
    kind, _, _, whose, sequence = struct.unpack(">BBHHH", icmp[:8])
    return sequence if (kind, whose) == (ECHO_REPLY, identity) and icmp[8:] == PAD else None


class Echoes:
    """Echo requests at a fixed rate, whatever became of those before, and the answers to each."""

    def __init__(self, peer: str, rate: float) -> None:
        self.peer = peer
        self.every_ns = int(1e9 / rate) if rate > 0 and peer else 0
        self.identity = os.getpid() & 0xFFFF
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) if self.every_ns else None
        if self.socket is not None:
            self.socket.settimeout(0)
        self.sent: list[list[int]] = []
        self.first = 0
        self.next_ns = time.monotonic_ns()

    def wait_seconds(self) -> float:
        """How long until the next one is due."""
        return max(0.0, (self.next_ns - time.monotonic_ns()) / 1e9) if self.socket else 60.0

    def send_due(self) -> None:
        """Send what is due."""
        now = time.monotonic_ns()
        if self.socket is None or now < self.next_ns:
            return
        self.next_ns = max(self.next_ns + self.every_ns, now - self.every_ns)
        sequence = (self.first + len(self.sent)) & 0xFFFF
        self.sent.append([time.monotonic_ns()])
        try:
            self.socket.sendto(echo_request(self.identity, sequence), (self.peer, 0))
        except OSError:  # as good as lost: netem's loss shows here too (ENOBUFS)
            return
        finally:
            if len(self.sent) > KEPT:
                self.first += KEPT // 2
                del self.sent[: KEPT // 2]

    def take(self) -> None:
        """Read the answers that are in."""
        while self.socket is not None:
            try:
                packet = self.socket.recv(2048)
            except OSError:
                return
            now = time.monotonic_ns()
            sequence = answered(packet, self.identity)
            if sequence is not None:
                place = (sequence - self.first) & 0xFFFF
                if place < len(self.sent):
                    self.sent[place].append(now - self.sent[place][0])

    def between(self, since_ns: int, until_ns: int) -> list[list[int]]:
        """Return those sent in a window."""
        return [one for one in self.sent if since_ns <= one[0] <= until_ns]


def interfaces() -> list[str]:
    """List the interfaces that packets leave by."""
    return sorted(name for name in os.listdir("/sys/class/net") if name != "lo")


def ours() -> list[dict[str, object]]:
    """List our qdiscs with their counters."""
    found = json.loads(run(["tc", "-j", "-s", "qdisc", "show"]) or "[]")
    return [one for one in found if one.get("root") and one.get("handle") == HANDLE]


class Qdisc:
    """The qdisc of this helper; `mine` while it is the one that put it on."""

    def __init__(self) -> None:
        self.mine = False

    def put(self, netem: list[str]) -> dict[str, object]:
        """Put it on every interface; all or none. Raises ToolError when another one of ours is on."""
        if ours():
            raise ToolError("this network namespace is under another netem fault already")
        self.mine = True
        before = time.monotonic_ns()
        try:
            for interface in interfaces():
                run(["tc", "qdisc", "add", "dev", interface, "root", "handle", HANDLE, "netem", *netem])
        except ToolError:
            self.remove()
            raise
        after = time.monotonic_ns()
        return {"ok": True, "at_ns": after, "error_ns": after - before}

    def remove(self) -> dict[str, object]:
        """Take off what is on, whoever of ours put it."""
        before = time.monotonic_ns()
        found = ours()
        for one in found:
            run(["tc", "qdisc", "del", "dev", str(one["dev"]), "root", "handle", HANDLE])
        self.mine = False
        after = time.monotonic_ns()
        return {"ok": True, "removed": len(found), "at_ns": after, "error_ns": after - before}


def read() -> dict[str, object]:
    """Read the counters of our qdiscs."""
    found = ours()
    totals = {name: sum(int(str(one.get(name, 0))) for one in found) for name in ("packets", "drops")}
    return {"qdiscs": len(found), **totals}


def answer(echoes: Echoes, qdisc: Qdisc, request: dict[str, object]) -> dict[str, object]:
    """Carry out one request; what goes wrong is answered, not raised."""
    do = request.get("do")
    try:
        if do == "put":
            wanted: list[str] = request["netem"]  # type: ignore[assignment]
            return qdisc.put(wanted)
        if do == "remove":
            return qdisc.remove()
        if do == "read":
            return read()
        if do == "echoes":
            return {"echoes": echoes.between(int(str(request["since_ns"])), int(str(request["until_ns"])))}
    except (ToolError, subprocess.TimeoutExpired, OSError, KeyError, ValueError) as error:
        return {"error": str(error)}
    return {"error": f"unknown request {do!r}"}


def serve(echoes: Echoes, qdisc: Qdisc, limit_seconds: float) -> None:
    """Send, receive and answer requests until the input ends or the time limit passes."""
    deadline = time.monotonic() + limit_seconds
    pending = b""
    listening = [0] if echoes.socket is None else [0, echoes.socket.fileno()]
    while (left := deadline - time.monotonic()) > 0:
        ready = select.select(listening, [], [], min(left, echoes.wait_seconds()))[0]
        echoes.take()
        echoes.send_due()
        if 0 not in ready:
            continue
        chunk = os.read(0, 65_536)
        if not chunk:
            return
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            print(json.dumps(answer(echoes, qdisc, json.loads(line))), flush=True)


def main(limit_seconds: float, peer: str, rate: float) -> None:
    """See that tc works here, then serve; at the end take off what is on."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        ours()
        echoes = Echoes(peer, rate)
    except (ToolError, OSError) as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return
    print(json.dumps({"ready": True}), flush=True)
    qdisc = Qdisc()
    try:
        serve(echoes, qdisc, limit_seconds)
    finally:
        if qdisc.mine:
            qdisc.remove()


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
