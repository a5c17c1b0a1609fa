"""The observer: sends probes and canaries on schedule from inside the lab and streams what it saw.

Standard library only, one thread, one epoll. Talks JSON lines: commands on stdin (`c` names the command), on stdout
`s` (samples), `p` (pong), `r` (reply), `t` (tunnel). All instants are nanoseconds of CLOCK_MONOTONIC. When its input ends,
or nobody pings for 10 s (or its one argument), it removes the toxics it was armed against and ends; after `stop` it just ends.
"""

import base64
import contextlib
import errno
import gc
import heapq
import json
import os
import re
import resource
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

IN, OUT = select.EPOLLIN, select.EPOLLOUT
BATCH_NS = 15_000_000
LATE_NS = 5_000_000
SILENCE_SECONDS = 10.0
GIVE_UP_NS = 25_000_000_000
OUTPUT_LIMIT_BYTES = 64 << 20
OUTCOMES = {
    errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset", errno.EPIPE: "reset", errno.ETIMEDOUT: "timeout",
    errno.EHOSTUNREACH: "unreachable", errno.ENETUNREACH: "unreachable",
}  # fmt: skip
OUR_OWN = {errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
"""Failures of this machine, not of the service: counted, never recorded as bad samples."""
NO_BODY = (204, 304)
MOST_SERIES = 200

Answer = tuple[bool, str, bytes]
"""Good or not, outcome, body."""
Place = tuple[str, int]

now_ns = time.monotonic_ns
encode = json.JSONEncoder(separators=(",", ":")).encode


def http_answer(data: bytes, ended: bool = False) -> tuple[int, bytes, int] | None:
    """Return (status, body, length of the whole answer), or None while it is incomplete. ValueError: not HTTP."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        if data[:7] != b"HTTP/1."[: len(data)]:
            raise ValueError("not HTTP")
        return None
    status, lower, start = int(data[9:12]), data[:head].lower() + b"\r\n", head + 4
    if status in NO_BODY:
        return status, b"", start
    at = lower.find(b"\r\ncontent-length:")
    if at >= 0:
        end = start + int(lower[at + 17 : lower.find(b"\r\n", at + 17)])
        return (status, data[start:end], end) if len(data) >= end else None
    if lower.find(b"\r\ntransfer-encoding: chunked") >= 0:
        body, end = chunks(data, start)
        return None if end < 0 else (status, body, end)
    return (status, data[start:], len(data)) if ended else None


def chunks(data: bytes, at: int) -> tuple[bytes, int]:
    """Join a chunked body that starts at `at`. Returns it with the offset after it, -1 while incomplete."""
    body = b""
    while (line := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:line].split(b";")[0], 16)
        at = line + 2 + size + 2
        if len(data) < at:
            break
        if size == 0:
            return body, at
        body += data[line + 2 : at - 2]
    return body, -1


def path_steps(path: str) -> list[str | int]:
    """Cut a JSONPath of the simple kind ($.a.b[0]) into keys and indexes."""
    parts = path.removeprefix("$").replace("[", ".").replace("]", "").split(".")
    return [int(part) if part.lstrip("-").isdigit() else part.strip("'\"") for part in parts if part]


def captured(body: bytes, steps: list[str | int]) -> Any:
    """Return what the steps lead to in a JSON body, None when they lead nowhere."""
    try:
        value = json.loads(body)
        for step in steps:
            value = value[step]
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    return value


def series(text: str, keep: frozenset[str]) -> dict[str, float]:
    """Read Prometheus text: series as written -> value, of the metrics named in `keep` (all when it is empty), a bounded number of them."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if not line or line[0] == "#":
            continue
        name = line[: line.index("{")] if "{" in line else line.split(None, 1)[0]
        if keep and name not in keep:
            continue
        key, _, rest = line.rpartition("} ")
        key, rest = (f"{key}}}", rest) if key else line.split(None, 1)
        value = float(rest.split()[0])
        if value - value == 0 and len(found) < MOST_SERIES:  # neither NaN nor infinite: JSON has no word for these
            found[key] = value
    return found


def postgres_messages(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Cut a PostgreSQL server's bytes into whole messages: type, body."""
    at = 0
    while len(data) - at >= 5:
        end = at + 1 + int.from_bytes(data[at + 1 : at + 5], "big")
        if len(data) < end or end < at + 5:
            return
        yield data[at : at + 1], data[at + 5 : end]
        at = end


class Question:
    """A row of the schedule: what is asked of which address, how often. Its place on the timeline survives a new address."""

    def __init__(self, row: dict[str, Any], phase: float) -> None:
        self.id, self.phase, self.in_flight, self.next_ns, self.interval_ns = row["id"], phase, 0, 0, 0
        self.configure(row, None)

    def configure(self, row: dict[str, Any], boost_hz: float | None) -> None:
        """Take over a row; `boost_hz` is the rate now in force for rows that follow it."""
        self.row = row
        self.kind, self.canary = row.get("kind", "http"), row.get("canary", False)
        self.request, self.answers = row.get("request", "").encode("latin-1"), row.get("answers", 1)
        self.expect, self.timeout_ns = frozenset(row.get("expect", (200,))), int(row.get("timeout", 1.0) * 1e9)
        self.capture = path_steps(row["capture"]) if row.get("capture") else None
        self.keep, self.unique = frozenset(row.get("keep") or ()), row.get("unique", "").encode()
        self.pattern = re.compile(row["pattern"].encode(), re.DOTALL) if row.get("pattern") else None
        self.address = (row["ip"], row["port"]) if row["ip"] else None
        rate = row["rate"]
        if boost_hz and row.get("boosted"):
            rate = max(rate, boost_hz)
        # One more than rate x time-out: a sample ends a little after its time-out, when the next is already due.
        self.cap = row.get("cap") or int(rate * row.get("timeout", 1.0)) + 1
        interval = int(1e9 / rate)
        if interval != self.interval_ns:
            self.interval_ns = interval
            self.next_ns = now_ns() + int(interval * self.phase)

    def read(self, data: bytes, ended: bool = False) -> Answer | None:
        """Return (good, outcome, body) once every expected answer is in `data`, None before. ValueError: not the protocol."""
        answer = self.whole(data, ended)
        if answer and answer[0] and self.pattern and not self.pattern.search(answer[2]):
            return False, "unexpected", answer[2]
        return answer

    def whole(self, data: bytes, ended: bool) -> Answer | None:
        """Read the answer as its protocol has it, whatever its text says."""
        if self.kind == "redis":
            return self.read_redis(data)
        if self.kind == "sql":
            return self.read_sql(data)
        for _ in range(self.answers):
            if (answer := http_answer(data, ended)) is None:
                return None
            status, body, length = answer
            data = data[length:]
        return status in self.expect, str(status), body

    def read_redis(self, data: bytes) -> Answer | None:
        """An error reply is bad under its own word (LOADING, NOAUTH): the server is there but does not serve."""
        if data[:1] not in (b"+", b"-", b"$"):
            raise ValueError("not Redis")
        if data[:1] != b"-" and data.count(b"\r\n") < self.answers:
            return None
        if data[:1] == b"-":
            if not data.endswith(b"\r\n"):
                return None
            return False, data[1:].split(None, 1)[0].decode(errors="replace"), b""
        if data[:1] == b"$" and self.answers == 1:
            start = data.index(b"\r\n") + 2
            end = start + int(data[1 : start - 2])
            return (True, "ok", data[start:end]) if len(data) >= end + 2 else None
        return True, "ok", b""

    def read_sql(self, data: bytes) -> Answer | None:
        """Good once the server was ready for queries as often as expected; an error is bad under its SQLSTATE, a password asked for as `auth`."""
        if data[:1] not in (b"R", b"E", b"N", b"S", b"v"):
            raise ValueError("not PostgreSQL")
        ready = 0
        for kind, body in postgres_messages(data):
            if kind == b"E":
                fields = {field[:1]: field[1:] for field in body.split(b"\0")}
                return False, fields.get(b"C", b"error").decode(errors="replace"), b""
            if kind == b"R" and body[:4] != b"\0\0\0\0":
                return False, "auth", b""
            ready += kind == b"Z"
        return (True, "ok", b"") if ready >= self.answers else None

    def detail(self, good: bool, body: bytes) -> Any:
        """Return what is kept of an answer: a captured value, or the series that are kept."""
        if not good:
            return None
        if self.kind == "metrics":
            return series(body.decode(errors="replace"), self.keep)
        return captured(body, self.capture) if self.capture else None


class Exchange:
    """One sample in flight: a new connection, one request, the answer."""

    __slots__ = ("answer", "answer_ns", "chunks", "connect_ns", "deadline_ns", "done", "fd", "first_ns", "got", "hub", "interest", "question",
                 "received", "reply", "scheduled_ns", "sent_ns", "sock", "unique", "unsent")  # fmt: skip

    def __init__(self, hub: "Hub", question: Question, scheduled_ns: int, reply: int | None = None) -> None:
        self.hub, self.question, self.scheduled_ns, self.reply = hub, question, scheduled_ns, reply
        self.got, self.unsent, self.done, self.interest, self.unique = b"", question.request, False, 0, b""
        if question.unique:
            self.unique = hub.fresh_id(len(question.unique))
            self.unsent = self.unsent.replace(question.unique, self.unique)
        self.connect_ns = self.first_ns = self.answer_ns = self.received = self.chunks = 0
        self.answer: Answer | None = None
        self.sock: Any = None
        self.sent_ns = now_ns()
        self.deadline_ns = self.sent_ns + question.timeout_ns

    def start(self) -> None:
        """Connect, and send at once where the handshake is already through: on one host it usually is."""
        self.question.in_flight += 1
        if self.question.address is None:
            return self.end("unresolved")
        try:
            self.sock = sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            self.fd = sock.fileno()
            code = sock.connect_ex(self.question.address)
        except OSError as error:
            code = error.errno or errno.EIO
        if code and code != errno.EINPROGRESS:
            return self.end(OUTCOMES.get(code, "unreachable"), unsendable=code in OUR_OWN)
        self.hub.expect(self)
        return self.push() if self.unsent else self.listen(OUT)

    def listen(self, interest: int) -> None:
        """Wait for this and nothing else."""
        if interest != self.interest:
            if self.interest:
                self.hub.epoll.modify(self.fd, interest)
            else:
                self.hub.handlers[self.fd] = self
                self.hub.epoll.register(self.fd, interest)
            self.interest = interest

    def ready(self, _mask: int) -> None:
        """Go on where the socket lets us."""
        if self.interest == OUT:
            self.push()
        else:
            self.pull()

    def push(self) -> None:
        """Send what is left of the request; a TCP question is answered by the connection itself."""
        code = 0
        try:
            if self.unsent:
                self.unsent = self.unsent[self.sock.send(self.unsent) :]
            else:
                code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        except BlockingIOError:
            return self.listen(OUT)
        except OSError as error:
            code = error.errno or errno.EIO
        if code:
            return self.end(OUTCOMES.get(code, "unreachable"))
        self.connect_ns = self.connect_ns or now_ns()
        if self.question.request:
            return self.listen(OUT if self.unsent else IN)
        return self.answered((True, "ok", b""))

    def pull(self) -> None:
        """Read what came; note when."""
        try:
            data = self.sock.recv(65_536)
        except BlockingIOError:
            return
        except OSError as error:
            self.closed(OUTCOMES.get(error.errno or 0, "reset"))
            return
        if not data:
            self.closed("closed")
            return
        self.first_ns = self.first_ns or now_ns()
        self.received += len(data)
        self.chunks += 1
        if self.answer is None:
            self.got = self.got + data if self.got else data
            self.look()

    def look(self, ended: bool = False) -> None:
        """See whether the answer is whole."""
        try:
            answer = self.question.read(self.got, ended)
        except ValueError:
            self.end("malformed")
            return
        if answer is not None:
            self.answered(answer)

    def answered(self, answer: Answer) -> None:
        """A sample ends with its answer; a canary waits for the peer's close as well."""
        self.answer, self.answer_ns = answer, now_ns()
        if not self.question.canary:
            self.end(answer[1])
        else:
            if not self.question.request:
                with contextlib.suppress(OSError):  # reset meanwhile: reading tells
                    self.sock.shutdown(socket.SHUT_WR)
            self.listen(IN)

    def closed(self, how: str) -> None:
        """The peer ended the connection: some answers are only then whole."""
        if self.answer is None and how == "closed" and self.got and self.question.kind in ("http", "metrics"):
            self.look(ended=True)
        if not self.done:
            self.end(how)

    def end(self, how: str, unsendable: bool = False) -> None:
        """Report. `how`: the outcome, or for a canary that was answered how its connection ended."""
        finished_ns, question = now_ns(), self.question
        self.done = True
        question.in_flight -= 1
        if self.interest:
            del self.hub.handlers[self.fd]
        if self.sock is not None:
            self.sock.close()
        if unsendable and self.reply is None:
            self.hub.unsendable += 1
            return
        good, outcome, body = self.answer or (False, how, b"")
        detail: Any = None
        if question.canary:
            detail = self.marks(how, finished_ns)
            finished_ns = self.answer_ns or finished_ns
        else:
            try:
                detail = question.detail(bool(good), body)
            except (ValueError, IndexError):
                good, outcome = False, "malformed"
        if self.unique:  # kept whatever came: a write without an answer may have been done
            named, detail = detail, self.unique.decode()
            if good and named not in (None, detail):
                good, outcome = False, "foreign"
        if self.reply is not None:
            self.hub.say(
                {
                    "r": self.reply,
                    "outcome": outcome,
                    "body": body.decode("latin-1"),
                    "sent": self.sent_ns,
                    "at": finished_ns,
                }
            )
            return
        scheduled_ns, sent_ns = self.scheduled_ns, self.sent_ns
        row = [question.id, scheduled_ns, sent_ns - scheduled_ns, finished_ns - sent_ns, int(good), outcome]
        self.hub.sample(row if detail is None else [*row, detail], finished_ns)

    def marks(self, how: str, closed_ns: int) -> dict[str, Any]:
        """Bytes and instants (ms since the send) of a canary; None: it did not come to that. `close`: closed (FIN), reset, timeout."""
        sent = len(self.question.request) - len(self.unsent) if self.connect_ns else 0
        passed = {"connect_ms": self.connect_ns, "first_ms": self.first_ns, "answer_ms": self.answer_ns,
                  "close_ms": closed_ns if how in ("closed", "reset") else 0}  # fmt: skip
        instants = {name: round((at - self.sent_ns) / 1e6, 3) if at else None for name, at in passed.items()}
        return {"sent": sent, "received": self.received, "chunks": self.chunks, "close": how, **instants}


class Tunnel:
    """One forwarded connection. `t` messages: `d` data (base64), `x` gone."""

    def __init__(self, hub: "Hub", command: dict[str, Any]) -> None:
        self.hub, self.id, self.unsent, self.connected = hub, command["id"], bytearray(), False
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.connect_ex((command["host"], command["port"]))
        hub.handlers[self.sock.fileno()] = self
        hub.epoll.register(self.sock.fileno(), OUT)

    def send(self, data: bytes) -> None:
        """Pass bytes on, as soon as there is a connection."""
        self.unsent += data
        if self.connected:
            self.push()

    def push(self) -> None:
        """Send what is waiting."""
        try:
            if self.unsent:
                del self.unsent[: self.sock.send(self.unsent)]
        except BlockingIOError:
            pass
        except OSError:
            self.close(tell=True)
            return
        self.hub.epoll.modify(self.sock.fileno(), IN | OUT if self.unsent else IN)

    def ready(self, mask: int) -> None:
        """Move bytes in the directions that are open."""
        if not self.connected:
            self.connected = True
        if mask & OUT:
            self.push()
        if mask & ~OUT and self.sock.fileno() >= 0:
            try:
                data = self.sock.recv(65_536)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if data:
                self.hub.say({"t": self.id, "d": base64.b64encode(data).decode()})
            else:
                self.close(tell=True)

    def close(self, tell: bool) -> None:
        """End it; `tell` the harness where it does not know."""
        self.hub.tunnels.pop(self.id, None)
        self.hub.handlers.pop(self.sock.fileno(), None)
        self.sock.close()
        if tell:
            self.hub.say({"t": self.id, "x": 1})


class Hub:
    """The loop: due samples, answers, time-outs, commands, batches."""

    def __init__(self, silence_seconds: float) -> None:
        self.silence_ns = int(silence_seconds * 1e9)
        self.epoll = select.epoll()
        self.handlers: dict[int, Exchange | Tunnel] = {}
        self.questions: dict[int, Question] = {}
        self.schedule: list[tuple[int, int, Question]] = []
        self.deadlines: list[tuple[int, int, Exchange]] = []
        self.tunnels: dict[int, Tunnel] = {}
        self.batch: list[list[Any]] = []
        self.batch_since_ns, self.output, self.input = 0, bytearray(), b""
        self.boost_hz: float | None = None
        self.armed: dict[str, Any] | None = None
        self.running, self.orderly = True, False
        self.nonce, self.ids = os.urandom(5).hex(), 0
        self.samples = self.late = self.missed = self.capped = self.unsendable = self.worst_late_ns = self.order = 0
        self.heard_ns = self.began_ns = now_ns()

    def run(self) -> bool:
        """Serve until `stop`, the end of input, or silence. Returns whether the end was orderly."""
        for fd in (0, 1):
            os.set_blocking(fd, False)
        try:
            self.epoll.register(0, IN)
        except PermissionError:  # input is a file, such as /dev/null: nobody is there
            return False
        while self.running:
            for fd, mask in self.epoll.poll(self.idle_seconds()):
                if handler := self.handlers.get(fd):
                    handler.ready(mask)
                elif fd == 0:
                    self.listen()
                elif fd == 1:
                    self.write()
            now = now_ns()
            self.expire(now)
            self.send_due(now)
            if self.batch and now - self.batch_since_ns >= BATCH_NS:
                self.flush()
            if now - self.heard_ns > self.silence_ns:
                print("nobody pings any more", file=sys.stderr)
                self.running = False
        return self.orderly

    def fresh_id(self, length: int) -> bytes:
        """Return an id of that many letters that nobody ever used: ten of chance, then a number."""
        self.ids += 1
        return f"{self.nonce}-{self.ids:0{length - len(self.nonce) - 1}d}".encode()

    def idle_seconds(self) -> float:
        """Until the next thing is due; epoll rounds up to milliseconds."""
        wake = self.heard_ns + self.silence_ns
        if self.schedule:
            wake = min(wake, self.schedule[0][0])
        while self.deadlines and self.deadlines[0][2].done:
            heapq.heappop(self.deadlines)
        if self.deadlines:
            wake = min(wake, self.deadlines[0][0])
        if self.batch:
            wake = min(wake, self.batch_since_ns + BATCH_NS)
        return max(0, wake - now_ns()) / 1e9

    def send_due(self, now: int) -> None:
        """Send what is due. Of ticks that were slept through only the last is sent; the others count as missed."""
        schedule = self.schedule
        while schedule and schedule[0][0] <= now:
            due_ns, _, question = schedule[0]
            missed = (now - due_ns) // question.interval_ns
            due_ns += missed * question.interval_ns
            question.next_ns = due_ns + question.interval_ns
            heapq.heapreplace(schedule, (question.next_ns, question.id, question))
            self.missed += missed
            late_ns = now - due_ns + missed * question.interval_ns
            self.worst_late_ns = max(self.worst_late_ns, late_ns)
            self.late += late_ns > LATE_NS
            if question.in_flight >= question.cap:
                self.capped += 1
            else:
                Exchange(self, question, due_ns).start()
                now = now_ns()

    def expect(self, exchange: Exchange) -> None:
        """Remember when an exchange times out."""
        self.order += 1
        heapq.heappush(self.deadlines, (exchange.deadline_ns, self.order, exchange))

    def expire(self, now: int) -> None:
        """End what is past its time-out."""
        while self.deadlines and self.deadlines[0][0] <= now:
            exchange = heapq.heappop(self.deadlines)[2]
            if not exchange.done:
                exchange.end("timeout")

    def sample(self, row: list[Any], at_ns: int) -> None:
        """Add a sample to the batch."""
        self.samples += 1
        if not self.batch:
            self.batch_since_ns = at_ns
        self.batch.append(row)

    def flush(self) -> None:
        """Send the batch."""
        batch, self.batch = self.batch, []
        self.say({"s": batch})

    def say(self, message: dict[str, Any]) -> None:
        """Queue a line; without a reader it is kept up to a limit, beyond which nobody will ever read it."""
        self.output += encode(message).encode() + b"\n"
        self.write()

    def write(self) -> None:
        """Write as much as the reader takes."""
        try:
            while self.output:
                del self.output[: os.write(1, self.output[:65_536])]
        except BlockingIOError:
            if len(self.output) > OUTPUT_LIMIT_BYTES:
                self.running = False
        except OSError:
            self.running = False
            self.output.clear()
        self.want_output(bool(self.output))

    def want_output(self, wanted: bool) -> None:
        """Be told, or not, when the reader takes more."""
        try:
            if wanted:
                self.epoll.register(1, OUT)
            else:
                self.epoll.unregister(1)
        except OSError:
            pass  # it is so already

    def listen(self) -> None:
        """Read commands. The end of the input is the end of the harness."""
        try:
            data = os.read(0, 1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.running = False
            return
        *lines, self.input = (self.input + data).split(b"\n")
        for line in lines:
            self.obey(json.loads(line))

    def obey(self, command: dict[str, Any]) -> None:
        """Carry out one command."""
        getattr(self, f"on_{command['c']}")(command)

    def on_ping(self, command: dict[str, Any]) -> None:
        """Answer with both clocks, read as closely together as can be."""
        self.heard_ns = before = now_ns()
        real = time.time_ns()
        self.say({"p": command["id"], "mono": (before + now_ns()) // 2, "real": real})

    def on_ask(self, command: dict[str, Any]) -> None:
        """Replace the schedule by these rows. A row whose id is known keeps its place on the timeline."""
        fresh = {}
        for place, row in enumerate(command["rows"]):
            question = self.questions.get(row["id"])
            if question is None:
                question = Question(row, (place * 0.618) % 1)
            fresh[row["id"]] = question
            question.configure(row, self.boost_hz)
        self.questions = fresh
        self.reschedule()

    def on_boost(self, command: dict[str, Any]) -> None:
        """Set the rate of the rows that follow it; null: each back to its own."""
        self.boost_hz = command["hz"]
        for question in self.questions.values():
            question.configure(question.row, self.boost_hz)
        self.reschedule()

    def reschedule(self) -> None:
        """Order the questions by when they are due."""
        self.schedule = [(question.next_ns, question.id, question) for question in self.questions.values()]
        heapq.heapify(self.schedule)

    def on_request(self, command: dict[str, Any]) -> None:
        """Send one request; its reply carries the body."""
        row = {"id": -1, "rate": 1, **command["row"]}
        Exchange(self, Question(row, 0), now_ns(), reply=command["id"]).start()

    def on_open(self, command: dict[str, Any]) -> None:
        """Open a tunnel."""
        self.tunnels[command["id"]] = Tunnel(self, command)

    def on_data(self, command: dict[str, Any]) -> None:
        """Pass bytes into a tunnel."""
        if tunnel := self.tunnels.get(command["id"]):
            tunnel.send(base64.b64decode(command["d"]))

    def on_close(self, command: dict[str, Any]) -> None:
        """End a tunnel."""
        if tunnel := self.tunnels.get(command["id"]):
            tunnel.close(tell=False)

    def on_arm(self, command: dict[str, Any]) -> None:
        """{host, port, proxies: [{name, listen, upstream}]} of Toxiproxy; host None disarms."""
        self.armed = command if command["host"] else None

    def on_stats(self, command: dict[str, Any]) -> None:
        """Tell how this program fares."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu_ns = int((usage.ru_utime + usage.ru_stime) * 1e9)
        self.say({"r": command["id"], "cpu_ns": cpu_ns, "wall_ns": now_ns() - self.began_ns, "samples": self.samples, "late": self.late,
                  "missed": self.missed, "capped": self.capped, "unsendable": self.unsendable, "worst_late_ns": self.worst_late_ns})  # fmt: skip

    def on_stop(self, command: dict[str, Any]) -> None:
        """End in an orderly way."""
        if self.batch:
            self.flush()
        self.say({"r": command["id"]})
        self.running, self.orderly = False, True


def call(place: Place, method: str, path: str, body: Any = None, timeout_seconds: float = 0.5) -> Any:
    """Make one blocking HTTP call and return its JSON (or True). Raises OSError or ValueError: no answer, no success."""
    data = b"" if body is None else encode(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: toxiproxy\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n"
    end_ns, got, answer = now_ns() + int(timeout_seconds * 1e9), b"", None
    with socket.create_connection(place, timeout_seconds) as sock:
        sock.sendall(head.encode() + data)
        while answer is None:
            sock.settimeout(max(0.01, (end_ns - now_ns()) / 1e9))
            part = sock.recv(65_536)
            got += part
            answer = http_answer(got, ended=not part)
            if answer is None and not part:
                raise OSError("closed")
    if answer[0] >= 300:
        raise ValueError(answer[0])
    return json.loads(answer[1]) if answer[1] else True


def mend(place: Place, declared: dict[str, Any], found: dict[str, Any] | None) -> None:
    """Make one proxy as declared. One with toxics is made anew: that also ends the connections on which a DELETE would wait."""
    path = f"/proxies/{declared['name']}"
    if found is not None and not found["toxics"]:
        call(place, "POST", path, {"enabled": True})
        return
    if found is not None:
        call(place, "DELETE", path)
    call(place, "POST", "/proxies", {**declared, "enabled": True})


def make_safe(armed: dict[str, Any]) -> bool:
    """Remove all toxics and enable the proxies, verified by reading back. Returns whether that was achieved.

    Toxics are not deleted one by one: in Toxiproxy 2.12 that waits for the data on its way through them, up to 25 s under
    traffic, and every other call waits with it.
    """
    place, end_ns = (armed["host"], armed["port"]), now_ns() + GIVE_UP_NS
    while now_ns() < end_ns:
        try:
            proxies = call(place, "GET", "/proxies", timeout_seconds=0.3)
        except (OSError, ValueError):
            time.sleep(0.02)
            continue
        known = {
            name: {"name": name, "listen": proxy["listen"], "upstream": proxy["upstream"]}
            for name, proxy in proxies.items()
        }
        known.update({proxy["name"]: proxy for proxy in armed["proxies"]})
        ours = {proxy["name"] for proxy in armed["proxies"]}
        dirty = [
            name
            for name in known
            if name not in proxies or proxies[name]["toxics"] or (name in ours and not proxies[name]["enabled"])
        ]
        if not dirty:
            return True
        side_by_side([(place, known[name], proxies.get(name)) for name in dirty])
    return False


def side_by_side(jobs: list[tuple[Place, dict[str, Any], dict[str, Any] | None]]) -> None:
    """Mend proxies at the same time; what fails or takes too long shows in the next reading."""

    def attempt(job: tuple[Place, dict[str, Any], dict[str, Any] | None]) -> None:
        with contextlib.suppress(OSError, ValueError):
            mend(*job)

    threads = [threading.Thread(target=attempt, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Ended(BaseException):
    """Somebody asked this process to end: it cleans up as at the end of its input."""


def on_signal(_number: int, _frame: Any) -> None:
    """End as if the input had ended."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Ended


def main() -> None:
    """Observe until the end, then clean up if nobody else will."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.freeze()
    gc.set_threshold(50_000)
    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the harness's to handle
    hub, orderly = Hub(float(sys.argv[1]) if len(sys.argv) > 1 else SILENCE_SECONDS), False
    try:
        orderly = hub.run()
    except Ended:
        pass
    finally:
        for question in hub.handlers.values():
            question.sock.close()
        if not orderly and hub.armed and not make_safe(hub.armed):
            print("Toxiproxy could not be made clean", file=sys.stderr)
    os._exit(0)


if __name__ == "__main__":
    main()
