"""A service to talk to: dials it, keeps its idle connections, says when it is lost.

Never retries, and leaves the time-out of an answer to its caller.
"""

import asyncio
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from services.http_connection import Connection, PeerLostError, Reply


@dataclass(slots=True)
class Peer:
    """`url` is http://host:port. Callers bound how many questions are open at once, and so the connections.

    `connect_seconds`: None waits for ever. `reconnect` off: once a working connection broke, the peer stays lost.
    """

    url: str
    connect_seconds: float | None
    reconnect: bool = True
    idle: list[Connection] = field(default_factory=list)
    answered: bool = False
    broken: bool = False

    def __post_init__(self) -> None:
        host_and_port(self.url)  # a wrong address is found where it is given, not when it is dialled

    async def ask(self, method: str, path: str, body: bytes = b"") -> Reply:
        """Ask on an idle connection, else on a new one; raises PeerLostError."""
        if self.broken and not self.reconnect:
            raise PeerLostError(f"{self.url}: not connected")
        connection = self._idle_connection() or await self._dial()
        try:
            reply = await connection.ask(self._request(method, path, body))
        except PeerLostError:
            self.broken = self.answered  # before the first answer there was nothing yet that could break
            raise
        self.answered = True
        if connection.usable:
            self.idle.append(connection)
        return reply

    def close(self) -> None:
        """End the idle connections."""
        while self.idle:
            self.idle.pop().abort()

    def _idle_connection(self) -> Connection | None:
        # The one used last first: it is the least likely to have been closed meanwhile.
        while self.idle:
            connection = self.idle.pop()
            if connection.usable:
                return connection
        return None

    async def _dial(self) -> Connection:
        host, port = host_and_port(self.url)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.connect_seconds):
                _, connection = await loop.create_connection(
                    lambda: Connection(self.url), host, port, family=socket.AF_INET
                )
        except OSError as error:  # TimeoutError is one
            raise PeerLostError(f"{self.url}: {str(error) or 'no connection in time'}") from error
        return connection

    def _request(self, method: str, path: str, body: bytes) -> bytes:
        lines = (
            f"{method} {path} HTTP/1.1",
            "host: lab",
            "content-type: application/json",
            f"content-length: {len(body)}",
        )
        return "\r\n".join((*lines, "", "")).encode() + body


def host_and_port(url: str) -> tuple[str, int]:
    """Read http://host:port; raises ValueError that names the URL."""
    address = urlsplit(url)
    if address.scheme != "http" or not address.hostname or not address.port:
        raise ValueError(f"{url!r} is not http://host:port")
    return address.hostname, address.port
