"""The server side of HTTP/1.1: on each connection one request is answered after the other, each answer in one piece.

Why not a library: CPU per request. An answer in two pieces costs every proxy on its way twice.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

import httptools

from services.http_app import MAX_BODY_BYTES, App, Header, Received, Response

KEEP_ALIVE_SECONDS = 75
LOOK_SECONDS = 5
STATUS_LINES = {status.value: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus}
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Conversation(asyncio.Protocol):
    """One client's connection. `quiet_since`: when the last answer was given; None before the first, and while one is due."""

    def __init__(self, everyone: "Conversations") -> None:
        self.everyone = everyone
        self.quiet_since: float | None = None
        self.is_busy = False
        self.answering: asyncio.Task[None] | None = None
        self._ends = False
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Received] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by shape only
        self.everyone.here.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Called by the event loop. What was begun goes on, unheard."""
        if not self.is_busy:
            self.everyone.here.discard(self)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # no other protocol is spoken here: it is answered like any request, and was the last
        except httptools.HttpParserError:
            self._transport.write(BAD_REQUEST)
            self._transport.close()

    def on_message_begin(self) -> None:
        """Called by the parser."""
        self.quiet_since = None
        self._target = self._body = b""
        self._headers: list[Header] = []

    def on_url(self, part: bytes) -> None:
        """Called by the parser."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self._headers.append((name.lower(), value))

    def on_body(self, part: bytes) -> None:
        """Called by the parser. Of a body that is too large, no more is kept than shows it."""
        if len(self._body) <= MAX_BODY_BYTES:
            self._body += part

    def on_message_complete(self) -> None:
        """Called by the parser."""
        method, target = self._parser.get_method().decode(), self._target.decode("latin-1")
        last = self._parser.should_upgrade() or not self._parser.should_keep_alive()
        request = Received(method, target, self._headers, self._body, last)
        if self.is_busy:
            self._waiting.append(request)
            self._transport.pause_reading()
        else:
            self.is_busy = True
            self.answering = begin(self._answer(request))

    def end(self) -> None:
        """Close, after the answer that is due."""
        self._ends = True
        if not self.is_busy:
            self._transport.close()

    async def _answer(self, request: Received) -> None:
        """Answer a request, and those that came meanwhile."""
        while await self._goes_on_after(request) and self._waiting:
            request = self._waiting.popleft()
        self.is_busy = False
        self.quiet_since = asyncio.get_running_loop().time()
        if self._transport.is_closing():
            self.everyone.here.discard(self)
        elif not self._transport.is_reading():
            self._transport.resume_reading()

    async def _goes_on_after(self, request: Received) -> bool:
        """Answer a request; False when it was the connection's last."""
        response = await self.everyone.app.respond(request)
        if self._transport.is_closing():
            return False
        ends = self._ends or request.last
        self._transport.write(encode(response, last=ends))
        if ends:
            self._transport.close()
        return not ends


@dataclass(slots=True)
class Conversations:
    """All connections of a service."""

    app: App
    here: set[Conversation] = field(default_factory=set)

    async def end_quiet_forever(self) -> None:
        """Close those on which nothing was asked for long."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.end_quiet(asyncio.get_running_loop().time() - KEEP_ALIVE_SECONDS)

    def end_quiet(self, since: float) -> None:
        """Close those that were quiet at that time of the event loop, and ever since."""
        for conversation in list(self.here):
            if conversation.quiet_since is not None and conversation.quiet_since < since:
                conversation.end()

    async def end(self, grace_seconds: float) -> None:
        """Close all, each after the answer that is due; what is not answered within the grace is left."""
        for conversation in list(self.here):
            conversation.end()
        due = [conversation.answering for conversation in self.here if conversation.is_busy and conversation.answering]
        if due:
            await asyncio.wait(due, timeout=grace_seconds)


def begin(work: Coroutine[None, None, None]) -> asyncio.Task[None]:
    """A task that has begun already, where Python can: what needs not wait costs no further turn of the event loop."""
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        return asyncio.Task(work, loop=loop, eager_start=True)
    return loop.create_task(work)


def encode(response: Response, *, last: bool) -> bytes:
    """An answer as it is sent."""
    lines = [STATUS_LINES[response.status], *[b"%b: %b\r\n" % header for header in response.headers]]
    lines.append(b"content-length: %d\r\n%b\r\n" % (len(response.body), b"connection: close\r\n" if last else b""))
    lines.append(response.body)
    return b"".join(lines)
