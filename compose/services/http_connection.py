"""One client connection over HTTP/1.1: one question at a time, answered by one reply with a body of known length.

Why not a library: start-up and CPU per request. Recovery time is what the lab shows, and all hops share two cores.
"""

import asyncio
from dataclasses import dataclass
from typing import cast

import httptools


class PeerLostError(ConnectionError):
    """The peer refused, reset or closed the connection before it had answered."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a peer answered."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """`usable` while open, in step, and not announced as closing."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.usable = False
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._reply: asyncio.Future[Reply] | None = None

    async def ask(self, request: bytes) -> Reply:
        """Send one request and await its reply; raises PeerLostError. A cancelled question ends the connection."""
        if not self.usable:
            raise PeerLostError(f"{self.peer}: closed as soon as it was open")
        self._body = []
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._reply
        except asyncio.CancelledError:
            self.abort()
            raise
        finally:
            self._reply = None

    def abort(self) -> None:
        """Close at once, without waiting for anything to be sent."""
        self.usable = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by shape only
        self.usable = True

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"answer is not HTTP: {error}")
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self.usable = False
        self._fail(str(exc) if exc else "closed before the answer")

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        self.usable = self._parser.should_keep_alive()
        if self._reply is None:
            self.abort()  # an answer nobody asked for: out of step
        elif not self._reply.done():
            self._reply.set_result(Reply(self._parser.get_status_code(), b"".join(self._body)))

    def _fail(self, why: str) -> None:
        if self._reply and not self._reply.done():
            self._reply.set_exception(PeerLostError(f"{self.peer}: {why}"))
