"""Takes new connections. Without descriptors it still answers: a spare one is given up to accept and to say 503.

The event loop's own server would hang or reset such clients, who cannot tell that from a crash.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from services.log import Log

BACKLOG = 2048
AT_ONCE = 64
BODY = b'{"error": {"code": "no_descriptors", "message": "no file descriptors left: come again later"}}'
REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n"
    b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(BODY)
) + BODY


@dataclass(slots=True)
class Acceptor:
    """`has_reserve` off: no spare descriptor is kept."""

    listener: socket.socket
    protocol: Callable[[], asyncio.Protocol]
    log: Log
    has_reserve: bool = True
    reserve: int | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self) -> None:
        """Begin to accept."""
        self._keep_reserve()
        self.listener.settimeout(0)
        asyncio.get_running_loop().add_reader(self.listener.fileno(), self._accept)

    def close(self) -> None:
        """Accept no more."""
        asyncio.get_running_loop().remove_reader(self.listener.fileno())
        self.listener.close()

    async def wait_closed(self) -> None:
        """Wait for the connections that are just being taken."""
        await asyncio.gather(*self.tasks)

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, _address = self.listener.accept()
            except OSError as problem:
                if problem.errno in (errno.EMFILE, errno.ENFILE):
                    self._refuse()
                return  # nobody waits any more, or whoever did has left
            task = asyncio.get_running_loop().create_task(self._take(connection))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _take(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self.protocol, connection)
        except OSError:
            connection.close()

    def _refuse(self) -> None:
        """Answer whoever waits, one after the other, on the spare descriptor."""
        self.log("no descriptors left, connections are refused", level="warning")
        for _ in range(AT_ONCE):
            if self.reserve is None:
                return
            os.close(self.reserve)
            self.reserve = None
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            else:
                with connection:
                    refuse(connection)
            finally:
                self._keep_reserve()

    def _keep_reserve(self) -> None:
        if self.has_reserve:
            with suppress(OSError):
                self.reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


def refuse(connection: socket.socket) -> None:
    """Say 503 and close. What is unread when it is closed would reset it, answer and all."""
    with suppress(OSError):
        connection.settimeout(0)
        connection.send(REFUSAL)
        connection.recv(65_536)


def listen(port: int) -> socket.socket:
    """A listening socket on every address of this container; raises OSError."""
    return socket.create_server(("0.0.0.0", port), backlog=BACKLOG)  # noqa: S104 - inside its container


def open_descriptors() -> float:
    """How many descriptors this process has; the limit itself where there is none left to count with."""
    try:
        return len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 - without the descriptor that counting takes
    except OSError:
        import resource  # noqa: PLC0415 - needed only here

        return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
