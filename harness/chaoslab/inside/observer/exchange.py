"""One sample in flight: a new connection, one request, the answer, and what is told of it."""

import contextlib
import errno
import socket
from select import EPOLLIN, EPOLLOUT
from time import monotonic_ns as now_ns
from typing import TYPE_CHECKING, Any

from chaoslab.inside.observer.answer import Answer
from chaoslab.inside.observer.question import Question

if TYPE_CHECKING:
    from chaoslab.inside.observer.hub import Hub

OUTCOMES = {
    errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset", errno.EPIPE: "reset", errno.ETIMEDOUT: "timeout",
    errno.EHOSTUNREACH: "unreachable", errno.ENETUNREACH: "unreachable",
}  # fmt: skip
OUR_OWN = {errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
"""Failures of this machine, not of the service: counted, never recorded as bad samples."""


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
        self.hub.deadlines.add(self)
        return self.push() if self.unsent else self.listen(EPOLLOUT)

    def listen(self, interest: int) -> None:
        """Wait for this and nothing else."""
        if interest != self.interest:
            if self.interest:
                self.hub.poll.modify(self.fd, interest)
            else:
                self.hub.handlers[self.fd] = self
                self.hub.poll.register(self.fd, interest)
            self.interest = interest

    def ready(self, _mask: int) -> None:
        """Go on where the socket lets us."""
        if self.interest == EPOLLOUT:
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
            return self.listen(EPOLLOUT)
        except OSError as error:
            code = error.errno or errno.EIO
        if code:
            return self.end(OUTCOMES.get(code, "unreachable"))
        self.connect_ns = self.connect_ns or now_ns()
        if self.question.request:
            return self.listen(EPOLLOUT if self.unsent else EPOLLIN)
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
            self.listen(EPOLLIN)

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
            self.hub.stream.say(
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
        self.hub.stream.sample(row if detail is None else [*row, detail], finished_ns)

    def marks(self, how: str, closed_ns: int) -> dict[str, Any]:
        """Bytes and instants (ms since the send) of a canary; None: it did not come to that. `close`: closed (FIN), reset, timeout."""
        sent = len(self.question.request) - len(self.unsent) if self.connect_ns else 0
        passed = {"connect_ms": self.connect_ns, "first_ms": self.first_ns, "answer_ms": self.answer_ns,
                  "close_ms": closed_ns if how in ("closed", "reset") else 0}  # fmt: skip
        instants = {name: round((at - self.sent_ns) / 1e6, 3) if at else None for name, at in passed.items()}
        return {"sent": sent, "received": self.received, "chunks": self.chunks, "close": how, **instants}
