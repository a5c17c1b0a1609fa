"""Byte tunnels: a listener on 127.0.0.1 of the harness whose connections are continued from inside the lab."""

import base64
import contextlib
import itertools
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Any

from chaoslab.errors import ChaoslabError

LOCAL_SEND_TIMEOUT_SECONDS = 5.0
Send = Callable[[Any], None]


class Tunnels:
    """All tunnels of one observer: one thread accepts and reads the near ends; the observer's reader feeds them answers."""

    def __init__(self, send: Send, find: Callable[[str], str]) -> None:
        self._send = send
        self._find = find
        self._listeners: dict[tuple[str, int], socket.socket] = {}
        self._near: dict[int, socket.socket] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._wake_out, self._wake_in = socket.socketpair()
        self._selector.register(self._wake_in, selectors.EVENT_READ, self._close_all)
        self._thread: threading.Thread | None = None

    def open(self, host: str, port: int) -> tuple[str, int]:
        """Listen for connections to a service's port; its address is looked up anew for each. Returns where to dial."""
        with self._lock:
            if (listener := self._listeners.get((host, port))) is None:
                listener = socket.create_server(("127.0.0.1", 0))
                self._listeners[host, port] = listener
                self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener, host, port))
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="chaoslab-tunnels", daemon=True)
                self._thread.start()
            self._wake_out.send(b".")
        name = listener.getsockname()
        return str(name[0]), int(name[1])

    def take(self, message: dict[str, Any]) -> None:
        """Pass on what the far end said: data, or that it is gone."""
        near = self._near.get(message["t"])
        if near is None:
            return
        try:
            if "d" in message:
                near.sendall(base64.b64decode(message["d"]))
            else:
                near.shutdown(socket.SHUT_RDWR)  # the serving thread then reads the end and lets go of it
        except OSError:
            with contextlib.suppress(OSError):
                near.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close every listener and connection."""
        with contextlib.suppress(OSError):
            self._wake_out.send(b"x")
        if self._thread is not None:
            self._thread.join(LOCAL_SEND_TIMEOUT_SECONDS)
        else:
            self._close_all()

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._wake_in:
                    if b"x" in self._wake_in.recv(64):
                        self._close_all()
                        return
                else:
                    key.data()

    def _accept(self, listener: socket.socket, host: str, port: int) -> None:
        near, _ = listener.accept()
        near.settimeout(LOCAL_SEND_TIMEOUT_SECONDS)
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = next(self._numbers)
        self._near[number] = near  # before asking: the answer may be quicker than the next line
        self._selector.register(near, selectors.EVENT_READ, lambda: self._forward(number, near))
        try:
            self._send({"c": "open", "id": number, "host": self._find(host), "port": port})
        except ChaoslabError:
            self._forget(number, near)

    def _forward(self, number: int, near: socket.socket) -> None:
        try:
            data = near.recv(32_768)
        except OSError:
            data = b""
        try:
            if data:
                self._send({"c": "data", "id": number, "d": base64.b64encode(data).decode()})
                return
            self._send({"c": "close", "id": number})
        except ChaoslabError:
            pass  # the observer is gone: so is this connection
        self._forget(number, near)

    def _forget(self, number: int, near: socket.socket) -> None:
        self._near.pop(number, None)
        self._selector.unregister(near)
        near.close()

    def _close_all(self) -> None:
        for end in [*self._listeners.values(), *self._near.values(), self._wake_in, self._wake_out]:
            end.close()
        self._listeners.clear()
        self._near.clear()
        self._selector.close()
