"""The last seconds of a pattern while it runs: numbers for whoever watches, and whether the system is broken for good."""

from array import array
from collections import Counter, deque

from chaoslab.clock import NS_PER_SECOND
from chaoslab.model.load import LoadBatch, LoadRow
from chaoslab.model.load_pattern import Breaks
from chaoslab.verdict.load.knee import FEWEST, what_is_wrong
from chaoslab.verdict.load.tape import Answers

ARRIVAL_SECONDS = 0.4
"""A request is told by the batch after it, or the one after that."""


class Recent:
    """Keeps the requests of the last `seconds`. Filled by k6's thread, read by the run's."""

    def __init__(self, seconds: float) -> None:
        self.users = 0
        self.at_ns = 0
        self.first_ns = 0
        self._kept_ns = int((seconds + ARRIVAL_SECONDS) * NS_PER_SECOND)
        self._rows: deque[LoadRow] = deque()

    def add(self, batch: LoadBatch) -> None:
        """Take a batch, and let go of what is old."""
        self._rows.extend(batch.rows)
        if batch.rows and not self.first_ns:
            self.first_ns = batch.began_ns or min(row.sent_ns for row in batch.rows)
        self.users, self.at_ns = batch.vus, batch.at_ns
        while self._rows and self._rows[0].finished_ns < batch.at_ns - self._kept_ns:
            self._rows.popleft()

    @property
    def seconds(self) -> float:
        """How long there has been load."""
        return (self.at_ns - self.first_ns) / NS_PER_SECOND if self.first_ns else 0.0

    def numbers(self) -> str:
        """Say how the last second went, by when requests ended."""
        end_ns = self.at_ns - int(ARRIVAL_SECONDS * NS_PER_SECOND)
        rows = [row for row in tuple(self._rows) if end_ns - NS_PER_SECOND <= row.finished_ns < end_ns]
        answers = _answers(rows)
        p95_ms = answers.latency_ms(95)
        told = [f"{self.users} users", f"{answers.accepted} answers/s"]
        told += [] if p95_ms is None else [f"p95 {p95_ms:.0f} ms"]
        for count, what in ((answers.shed, "shed"), (answers.errors, "errors")):
            told += [f"{100 * count / answers.requests:.0f}% {what}"] if count else []
        return ", ".join(told)

    def broken(self, breaks: Breaks) -> bool:
        """Whether every slice of the last `stop_after_seconds` was broken; by their sends, so slow ones are still to come."""
        if breaks.stop_after_seconds is None or self.seconds < breaks.stop_after_seconds + ARRIVAL_SECONDS:
            return False
        rows = tuple(self._rows)
        slice_ns = int(breaks.slice_seconds * NS_PER_SECOND)
        end_ns = self.at_ns - int(ARRIVAL_SECONDS * NS_PER_SECOND)
        for number in range(max(1, round(breaks.stop_after_seconds / breaks.slice_seconds))):
            last = end_ns - number * slice_ns
            answers = _answers([row for row in rows if last - slice_ns <= row.sent_ns < last])
            if answers.requests < FEWEST or not what_is_wrong(answers, breaks):
                return False
        return True


def _answers(rows: list[LoadRow]) -> Answers:
    accepted = sorted(row.duration_us for row in rows if row.accepted)
    return Answers(array("L", accepted), Counter(str(row.outcome) for row in rows))
