"""A running container's standard streams over the engine's attach call, as lines."""

import contextlib
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from chaoslab.errors import ToolError

FRAME_HEADER = struct.Struct(">BxxxL")
STDERR = 2
STDERR_LINES_KEPT = 20


class Attached:
    """Line-wise talk with a helper container whose standard input ends when this process does.

    One thread may read while others send. A line is one JSON value, unless it is read as text. `hear` is handed each line
    of its standard error, the last one without an end, too; else the last few are kept.
    """

    def __init__(self, name: str, raw: Any, hear: Callable[[str], object] | None = None) -> None:
        self.name = name
        self._owner = raw  # the HTTP response that owns the socket: keeps it open
        self._socket: socket.socket = getattr(raw, "_sock", raw)
        self._sending = threading.Lock()
        self._pending = bytearray()
        self._frame_left = 0
        self._frame_stream = 0
        self._partial = {1: bytearray(), STDERR: bytearray()}
        self._lines: deque[bytes] = deque()
        self.stderr: deque[str] = deque(maxlen=STDERR_LINES_KEPT)
        self._hear = hear or self.stderr.append

    def send(self, message: Any) -> None:
        """Send one JSON value as a line. Raises ToolError when the helper is gone."""
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        try:
            with self._sending:
                self._socket.settimeout(None)
                self._socket.sendall(line)
        except OSError as error:
            raise ToolError(f"helper {self.name} does not take input any more: {error}{self._last_words()}") from error

    def receive(self, timeout_seconds: float | None) -> Any:
        """Return the next line as JSON. None at the end of the stream. Raises TimeoutError, ToolError (not JSON)."""
        line = self.read_line(timeout_seconds)
        if line is None:
            return None
        try:
            return json.loads(line)
        except ValueError as error:
            raise ToolError(f"helper {self.name} said what is not JSON: {line[:200]!r}{self._last_words()}") from error

    def read_line(self, timeout_seconds: float | None) -> bytes | None:
        """Return the next line of standard output as it is. None at the end of the stream. Raises TimeoutError."""
        while not self._lines:
            self._socket.settimeout(timeout_seconds)
            try:
                chunk = self._socket.recv(65_536)
            except TimeoutError:
                raise
            except OSError:
                chunk = b""
            if not chunk:
                self._hear_rest()
                return None
            self._take(chunk)
        return self._lines.popleft()

    def ask(self, message: Any, timeout_seconds: float) -> Any:
        """Send, then return the next line. Raises ToolError with the helper's last words when none comes in time."""
        self.send(message)
        try:
            reply = self.receive(timeout_seconds)
        except TimeoutError as error:
            raise ToolError(
                f"helper {self.name} gave no answer to {message!r} within {timeout_seconds} s{self._last_words()}"
            ) from error
        if reply is None:
            raise ToolError(f"helper {self.name} ended instead of answering {message!r}{self._last_words()}")
        return reply

    def end_input(self) -> None:
        """Close the helper's standard input: the signal on which it cleans up and ends."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Let go of the stream."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        # The HTTP response first: closed after its socket, or left to the garbage collector, it complains on stderr (Python 3.13).
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._owner._response.close()  # noqa: SLF001 - docker-py keeps it there for exactly this
        with contextlib.suppress(OSError, ValueError):
            self._owner.close()
        with contextlib.suppress(OSError):
            self._socket.close()

    def _last_words(self) -> str:
        return "; it last said: " + " | ".join(self.stderr) if self.stderr else ""

    def _hear_rest(self) -> None:
        rest, self._partial[STDERR] = self._partial[STDERR], bytearray()
        if rest:
            self._hear(rest.decode(errors="replace"))

    def _take(self, chunk: bytes) -> None:
        """Undo the engine's framing (8 bytes: stream, length) and cut what is inside into lines."""
        self._pending += chunk
        while self._pending:
            if not self._frame_left:
                if len(self._pending) < FRAME_HEADER.size:
                    return
                self._frame_stream, self._frame_left = FRAME_HEADER.unpack_from(self._pending)
                del self._pending[: FRAME_HEADER.size]
                continue
            part = bytes(self._pending[: self._frame_left])
            del self._pending[: len(part)]
            self._frame_left -= len(part)
            self._cut(part)

    def _cut(self, part: bytes) -> None:
        stream = STDERR if self._frame_stream == STDERR else 1
        partial = self._partial[stream]
        partial += part
        *lines, rest = bytes(partial).split(b"\n")
        self._partial[stream] = bytearray(rest)
        if stream == STDERR:
            for line in lines:
                self._hear(line.decode(errors="replace"))
        else:
            self._lines.extend(line for line in lines if line)
