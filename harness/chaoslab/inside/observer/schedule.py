"""When each question is due, and when what is in flight times out."""

import heapq
from collections.abc import Callable
from time import monotonic_ns as now_ns
from typing import TYPE_CHECKING, Any

from chaoslab.inside.observer.question import Question

if TYPE_CHECKING:
    from chaoslab.inside.observer.exchange import Exchange

LATE_NS = 5_000_000
NEVER_NS = 1 << 63


class Schedule:
    """The questions in the order in which they are due. Counts what was sent late, missed, or not sent since too much was in flight."""

    def __init__(self) -> None:
        self.questions: dict[int, Question] = {}
        self.boost_hz: float | None = None
        self.late = self.missed = self.capped = self.worst_late_ns = 0
        self._due: list[tuple[int, int, Question]] = []

    @property
    def next_ns(self) -> int:
        """When the next question is due."""
        return self._due[0][0] if self._due else NEVER_NS

    def ask(self, rows: list[dict[str, Any]]) -> None:
        """Replace the questions by these rows. A row whose id is known keeps its place on the timeline."""
        fresh = {}
        for place, row in enumerate(rows):
            question = self.questions.get(row["id"])
            if question is None:
                question = Question(row, (place * 0.618) % 1)
            fresh[row["id"]] = question
            question.configure(row, self.boost_hz)
        self.questions = fresh
        self._order()

    def boost(self, rate_hz: float | None) -> None:
        """Set the rate of the rows that follow it; None: each back to its own."""
        self.boost_hz = rate_hz
        for question in self.questions.values():
            question.configure(question.row, rate_hz)
        self._order()

    def send_due(self, now: int, send: Callable[[Question, int], None]) -> None:
        """Send what is due. Of ticks that were slept through only the last is sent; the others count as missed."""
        schedule = self._due
        while schedule and schedule[0][0] <= now:
            due_ns, _, question = schedule[0]
            missed = (now - due_ns) // question.interval_ns
            due_ns += missed * question.interval_ns
            question.next_ns = due_ns + question.interval_ns
            heapq.heapreplace(schedule, (question.next_ns, question.id, question))
            self.missed += missed
            late_ns = now - due_ns + missed * question.interval_ns
            self.worst_late_ns = max(self.worst_late_ns, late_ns)
            self.late += late_ns > LATE_NS
            if question.in_flight >= question.cap:
                self.capped += 1
            else:
                send(question, due_ns)
                now = now_ns()

    def _order(self) -> None:
        self._due = [(question.next_ns, question.id, question) for question in self.questions.values()]
        heapq.heapify(self._due)


class Deadlines:
    """What is in flight, in the order in which it times out."""

    def __init__(self) -> None:
        self._open: list[tuple[int, int, Exchange]] = []
        self._number = 0

    @property
    def next_ns(self) -> int:
        """When the next one times out."""
        while self._open and self._open[0][2].done:
            heapq.heappop(self._open)
        return self._open[0][0] if self._open else NEVER_NS

    def add(self, exchange: "Exchange") -> None:
        """Remember when an exchange times out."""
        self._number += 1
        heapq.heappush(self._open, (exchange.deadline_ns, self._number, exchange))

    def expire(self, now: int) -> None:
        """End what is past its time-out."""
        while self._open and self._open[0][0] <= now:
            exchange = heapq.heappop(self._open)[2]
            if not exchange.done:
                exchange.end("timeout")
