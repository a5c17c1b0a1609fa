"""The stream to and from the harness: commands in, lines out, samples in batches."""

import json
import os
from select import EPOLLIN, EPOLLOUT, epoll
from typing import Any

BATCH_NS = 15_000_000
OUTPUT_LIMIT_BYTES = 64 << 20
NEVER_NS = 1 << 63

encode = json.JSONEncoder(separators=(",", ":")).encode


class Stream:
    """Standard input and output, neither of which may block. `ended`: nobody is there any more. `samples`: how many were sent."""

    def __init__(self, poll: epoll) -> None:
        self.poll = poll
        self.ended, self.samples = False, 0
        self._batch: list[list[Any]] = []
        self._batch_since_ns, self._output, self._input = 0, bytearray(), b""

    def open(self) -> bool:
        """Wait for input from now on; False when nobody is there."""
        for fd in (0, 1):
            os.set_blocking(fd, False)
        try:
            self.poll.register(0, EPOLLIN)
        except PermissionError:  # input is a file, such as /dev/null
            return False
        return True

    def commands(self) -> list[Any]:
        """Read commands. The end of the input is the end of the harness."""
        try:
            data = os.read(0, 1 << 20)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self.ended = True
            return []
        *lines, self._input = (self._input + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def sample(self, row: list[Any], at_ns: int) -> None:
        """Add a sample to the batch."""
        self.samples += 1
        if not self._batch:
            self._batch_since_ns = at_ns
        self._batch.append(row)

    @property
    def due_ns(self) -> int:
        """When the batch is to be sent."""
        return self._batch_since_ns + BATCH_NS if self._batch else NEVER_NS

    def flush(self) -> None:
        """Send the batch."""
        if self._batch:
            batch, self._batch = self._batch, []
            self.say({"s": batch})

    def say(self, message: dict[str, Any]) -> None:
        """Queue a line; without a reader it is kept up to a limit, beyond which nobody will ever read it."""
        self._output += encode(message).encode() + b"\n"
        self.write()

    def write(self) -> None:
        """Write as much as the reader takes."""
        try:
            while self._output:
                del self._output[: os.write(1, self._output[:65_536])]
        except BlockingIOError:
            if len(self._output) > OUTPUT_LIMIT_BYTES:
                self.ended = True
        except OSError:
            self.ended = True
            self._output.clear()
        self._want_output(bool(self._output))

    def _want_output(self, wanted: bool) -> None:
        """Be told, or not, when the reader takes more."""
        try:
            if wanted:
                self.poll.register(1, EPOLLOUT)
            else:
                self.poll.unregister(1)
        except OSError:
            pass  # it is so already
