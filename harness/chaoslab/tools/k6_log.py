"""What k6 says beside the requests: its log, its summary, the errors of the script. One reader per run; keeps a bounded number of lines."""

import json
import re
from collections import deque
from typing import Any

FIRST_LINES, LAST_LINES = 500, 1500
MESSAGE = re.compile(r'\blevel=(?:error|fatal) msg="((?:[^"\\]|\\.)*)"')
GUARD = "chaoslab: stopping k6: "
FROM_SCRIPT = "source=stacktrace"
ESCAPES = {r"\n": " ", r"\t": " ", r"\"": '"', r"\\": "\\"}


class K6Log:
    """Takes lines as they come. `errors`: what k6 or the script called an error, the first few, without escapes."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.stopped_because = ""
        """Why k6's own guard (compose/images/k6/guard.go) stopped it."""
        self.thrown = 0
        """How often the script threw in the middle of an iteration."""
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._left_out = 0
        self._summary: list[str] = []
        self._in_summary = False

    def standard_error(self, line: str) -> str | None:
        """Take a line of standard error; returns what of it is log.

        The summary (`--summary-export stderr`) is an object from a line `{` to one that begins with `}`, on which the log goes on.
        """
        if line == "{" and not self._summary:
            self._in_summary = True
        if not self._in_summary:
            return self.say(line)
        self._in_summary = not line.startswith("}")
        self._summary.append(line if self._in_summary else "}")
        rest = line[1:] if not self._in_summary else ""
        return self.say(rest) if rest else None

    def say(self, line: str) -> str:
        """Keep a line of the log and return it."""
        if (message := MESSAGE.search(line)) is not None:
            self.thrown += FROM_SCRIPT in line
            if len(self.errors) < FIRST_LINES:
                self.errors.append(_plain(message[1]))
        if line.startswith(GUARD):
            self.stopped_because = line.removeprefix(GUARD)
        if len(self._first) < FIRST_LINES:
            self._first.append(line)
        else:
            self._left_out += len(self._last) == LAST_LINES
            self._last.append(line)
        return line

    @property
    def text(self) -> str:
        """The log, its middle left out where it is long."""
        gap = [f"... {self._left_out} lines left out ..."] if self._left_out else []
        return "".join(f"{line}\n" for line in (*self._first, *gap, *self._last))

    @property
    def summary(self) -> dict[str, Any] | None:
        """k6's own summary, None when it wrote none."""
        try:
            return dict(json.loads("\n".join(self._summary)))
        except ValueError:
            return None

    @property
    def last_words(self) -> str:
        """The last error, else the last line."""
        return self.errors[-1] if self.errors else (self._last or self._first or [""])[-1]


def _plain(message: str) -> str:
    return re.sub(r"\\[nt\"\\]", lambda escape: ESCAPES[escape[0]], message).strip()
