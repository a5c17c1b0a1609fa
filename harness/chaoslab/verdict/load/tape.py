"""Every request of one run of k6 in columns of numbers: 15 bytes each, no object per request."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chaoslab.model.load import SHED, LoadBatch
from chaoslab.verdict.intervals import NS_PER_SECOND
from chaoslab.verdict.measures.answers import percentile

FIRST_STATUS = 100
MOST_NAMES = 255
OTHER = "other"
ERROR = "error"
LONGEST_US = 2**32 - 1


class Tape:
    """Takes batches as they come. Outcomes are kept as a status, or as the index of their word below FIRST_STATUS."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.words: list[str] = [SHED, ERROR]
        self.sent_ns = array("q")
        self.duration_us = array("I")
        self.name = array("B")
        self.outcome = array("H")
        self.vus: list[tuple[int, int]] = []
        self.began_ns: int | None = None

    def add(self, batch: LoadBatch) -> None:
        """Take one batch."""
        if batch.began_ns is not None:
            self.began_ns = min(batch.began_ns, self.began_ns or batch.began_ns)
        self.vus.append((batch.at_ns, batch.vus))
        for row in batch.rows:
            self.sent_ns.append(row.sent_ns)
            self.duration_us.append(min(max(row.duration_us, 0), LONGEST_US))
            self.name.append(self._name(row.name))
            self.outcome.append(self._outcome(row.outcome))

    def _name(self, name: str) -> int:
        if name not in self.names:
            if len(self.names) >= MOST_NAMES - 1 and name != OTHER:
                return self._name(OTHER)
            self.names.append(name)
        return self.names.index(name)

    def _outcome(self, outcome: int | str) -> int:
        if isinstance(outcome, int):
            return outcome if FIRST_STATUS <= outcome < 1000 else self._outcome(ERROR)
        if outcome not in self.words:
            if len(self.words) >= FIRST_STATUS:
                return self._outcome(ERROR)
            self.words.append(outcome)
        return self.words.index(outcome)


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of some requests. `accepted_us`: how long each accepted one took, ascending; `outcomes`: of all, by status or word."""

    accepted_us: Sequence[int]
    outcomes: Counter[str]

    @property
    def requests(self) -> int:
        """All of them."""
        return self.outcomes.total()

    @property
    def accepted(self) -> int:
        """Those that were served."""
        return len(self.accepted_us)

    @property
    def shed(self) -> int:
        """Those refused as promised."""
        return self.outcomes[SHED]

    @property
    def errors(self) -> int:
        """All others."""
        return self.requests - self.accepted - self.shed

    def latency_ms(self, percent: float) -> float | None:
        """Take a percentile of the accepted, ms; None when there are none."""
        found = percentile(self.accepted_us, percent)
        return None if found is None else found / 1000


class Recording:
    """A tape that is over, its requests in the order of their sends. Instants are seconds from when the first was asked for."""

    def __init__(self, tape: Tape) -> None:
        order = sorted(range(len(tape.sent_ns)), key=tape.sent_ns.__getitem__)
        self.names, self._words = tuple(tape.names), tuple(tape.words)
        self._sent_ns = array("q", (tape.sent_ns[at] for at in order))
        self._duration_us = array("I", (tape.duration_us[at] for at in order))
        self._name = array("B", (tape.name[at] for at in order))
        self._outcome = array("H", (tape.outcome[at] for at in order))
        self._vus = tape.vus
        first_ns = self._sent_ns[0] if order else 0
        self.start_ns = first_ns if tape.began_ns is None else min(first_ns, tape.began_ns)

    def __len__(self) -> int:
        return len(self._sent_ns)

    @property
    def seconds(self) -> float:
        """From the beginning to the last send."""
        return (self._sent_ns[-1] - self.start_ns) / NS_PER_SECOND if self._sent_ns else 0.0

    def answers(self, start: float = 0.0, end: float | None = None, name: str | None = None) -> Answers:
        """Sum up the requests sent in [start, end), of one name or of all."""
        first, last = self._index(start), len(self) if end is None else self._index(end)
        wanted = None if name is None else self.names.index(name) if name in self.names else MOST_NAMES
        accepted: list[int] = []
        outcomes: Counter[int] = Counter()
        for at in range(first, last):
            if wanted is not None and self._name[at] != wanted:
                continue
            outcome = self._outcome[at]
            outcomes[outcome] += 1
            if 200 <= outcome < 400:
                accepted.append(self._duration_us[at])
        return Answers(array("I", sorted(accepted)), Counter({self._word(code): n for code, n in outcomes.items()}))

    def together(self, spans: Iterable[tuple[float, float | None]], name: str | None = None) -> Answers:
        """Sum up several stretches."""
        parts = [self.answers(start, end, name) for start, end in spans]
        outcomes: Counter[str] = Counter()
        for part in parts:
            outcomes.update(part.outcomes)
        return Answers(array("I", sorted(us for part in parts for us in part.accepted_us)), outcomes)

    def slices(self, seconds: float, start: float = 0.0, end: float | None = None) -> Iterator[tuple[float, Answers]]:
        """Cut [start, end) into whole slices: where each begins, and its answers."""
        last = self.seconds if end is None else min(end, self.seconds)
        for number in range(int((last - start) / seconds + 1e-9)):
            at = start + number * seconds
            yield at, self.answers(at, at + seconds)

    def users(self, start: float, end: float | None = None) -> int:
        """Return the most simulated users told in [start, end]; before the first telling there are none."""
        first = bisect_left(self._vus, (self._at(start), 0))
        last = len(self._vus) if end is None else bisect_left(self._vus, (self._at(end) + 1, 0))
        return max((vus for _at_ns, vus in self._vus[first:last]), default=0)

    def _index(self, seconds: float) -> int:
        return bisect_left(self._sent_ns, self._at(seconds))

    def _at(self, seconds: float) -> int:
        return self.start_ns + int(seconds * NS_PER_SECOND)

    def _word(self, code: int) -> str:
        return str(code) if code >= FIRST_STATUS else self._words[code]
