"""One canary's way across a link, and what is normal there: the data that every proof of a toxic is computed from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from chaoslab.model.history import Sample


@dataclass(frozen=True, slots=True)
class Crossing:
    """One canary. Times in ms since its send, None where it did not come to that. `close`: closed (FIN), reset, timeout or why not."""

    sent_ns: int
    finished_ns: int
    sent: int
    received: int
    chunks: int
    first_ms: float | None
    answer_ms: float | None
    close_ms: float | None
    close: str

    @property
    def answered(self) -> bool:
        """Whether a whole answer came back."""
        return self.answer_ms is not None


@dataclass(frozen=True, slots=True)
class Normal:
    """The undisturbed crossing: medians of the canaries before the fault (ms, bytes)."""

    n: int
    answered: int
    sent: float
    received: float
    first_ms: float
    answer_ms: float
    close_ms: float


def crossing(sample: Sample) -> Crossing:
    """Read a canary's sample."""
    detail = sample.detail if isinstance(sample.detail, dict) else {}
    return Crossing(
        sample.sent_ns,
        sample.finished_ns,
        int(detail.get("sent") or 0),
        int(detail.get("received") or 0),
        int(detail.get("chunks") or 0),
        detail.get("first_ms"),
        detail.get("answer_ms"),
        detail.get("close_ms"),
        str(detail.get("close") or sample.outcome),
    )


def normal(crossings: Sequence[Crossing]) -> Normal:
    """Summarise what is usual; zeros where nothing was answered."""
    good = [one for one in crossings if one.answered]
    return Normal(
        len(crossings),
        len(good),
        _median(one.sent for one in good),
        _median(one.received for one in good),
        _median(one.first_ms for one in good),
        _median(one.answer_ms for one in good),
        _median(one.close_ms for one in good),
    )


def _median(values: Iterable[float | None]) -> float:
    numbers = [value for value in values if value is not None]
    return median(numbers) if numbers else 0.0
