"""Byte tunnels from the harness to ports inside the lab, carried by the stream."""

import base64
import socket
from select import EPOLLIN, EPOLLOUT
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaoslab.inside.observer.hub import Hub


class Tunnel:
    """One forwarded connection. `t` messages: `d` data (base64), `x` gone."""

    def __init__(self, hub: "Hub", command: dict[str, Any]) -> None:
        self.hub, self.id, self.unsent, self.connected = hub, command["id"], bytearray(), False
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.connect_ex((command["host"], command["port"]))
        hub.handlers[self.sock.fileno()] = self
        hub.poll.register(self.sock.fileno(), EPOLLOUT)

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
        self.hub.poll.modify(self.sock.fileno(), EPOLLIN | EPOLLOUT if self.unsent else EPOLLIN)

    def ready(self, mask: int) -> None:
        """Move bytes in the directions that are open."""
        if not self.connected:
            self.connected = True
        if mask & EPOLLOUT:
            self.push()
        if mask & ~EPOLLOUT and self.sock.fileno() >= 0:
            try:
                data = self.sock.recv(65_536)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if data:
                self.hub.stream.say({"t": self.id, "d": base64.b64encode(data).decode()})
            else:
                self.close(tell=True)

    def close(self, tell: bool) -> None:
        """End it; `tell` the harness where it does not know."""
        self.hub.tunnels.pop(self.id, None)
        self.hub.handlers.pop(self.sock.fileno(), None)
        self.sock.close()
        if tell:
            self.hub.stream.say({"t": self.id, "x": 1})
