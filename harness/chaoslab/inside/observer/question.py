"""A row of the schedule: what is asked of which address, how often, and how its answers are read."""

import re
from time import monotonic_ns as now_ns
from typing import Any

from chaoslab.inside.observer.answer import Answer, captured, path_steps, series
from chaoslab.inside.observer.databases import redis_answer, sql_answer
from chaoslab.inside.observer.http import http_answer


class Question:
    """Its place on the timeline survives a new address. `phase`: which part of its first interval passes before its first sample."""

    def __init__(self, row: dict[str, Any], phase: float) -> None:
        self.id, self.phase, self.in_flight, self.next_ns, self.interval_ns = row["id"], phase, 0, 0, 0
        self.configure(row, None)

    def configure(self, row: dict[str, Any], boost_hz: float | None) -> None:
        """Take over a row; `boost_hz` is the rate now in force for rows that follow it."""
        self.row = row
        self.kind, self.canary = row.get("kind", "http"), row.get("canary", False)
        self.request, self.answers = row.get("request", "").encode("latin-1"), row.get("answers", 1)
        self.expect, self.timeout_ns = frozenset(row.get("expect", (200,))), int(row.get("timeout", 1.0) * 1e9)
        self.capture = path_steps(row["capture"]) if row.get("capture") else None
        self.keep, self.unique = frozenset(row.get("keep") or ()), row.get("unique", "").encode()
        self.pattern = re.compile(row["pattern"].encode(), re.DOTALL) if row.get("pattern") else None
        self.address = (row["ip"], row["port"]) if row["ip"] else None
        rate = row["rate"]
        if boost_hz and row.get("boosted"):
            rate = max(rate, boost_hz)
        # One more than rate x time-out: a sample ends a little after its time-out, when the next is already due.
        self.cap = row.get("cap") or int(rate * row.get("timeout", 1.0)) + 1
        interval = int(1e9 / rate)
        if interval != self.interval_ns:
            self.interval_ns = interval
            self.next_ns = now_ns() + int(interval * self.phase)

    def read(self, data: bytes, ended: bool = False) -> Answer | None:
        """Return (good, outcome, body) once every expected answer is in `data`, None before. ValueError: not the protocol."""
        answer = self.whole(data, ended)
        if answer and answer[0] and self.pattern and not self.pattern.search(answer[2]):
            return False, "unexpected", answer[2]
        return answer

    def whole(self, data: bytes, ended: bool) -> Answer | None:
        """Read the answer as its protocol has it, whatever its text says."""
        if self.kind == "redis":
            return redis_answer(data, self.answers)
        if self.kind == "sql":
            return sql_answer(data, self.answers)
        for _ in range(self.answers):
            if (answer := http_answer(data, ended)) is None:
                return None
            status, body, length = answer
            data = data[length:]
        return status in self.expect, str(status), body

    def detail(self, good: bool, body: bytes) -> Any:
        """Return what is kept of an answer: a captured value, or the series that are kept."""
        if not good:
            return None
        if self.kind == "metrics":
            return series(body.decode(errors="replace"), self.keep)
        return captured(body, self.capture) if self.capture else None
