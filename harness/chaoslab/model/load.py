"""What k6 reports of its requests, in batches, while it runs. Instants are lab time (nanoseconds of CLOCK_MONOTONIC)."""

from dataclasses import dataclass
from typing import NamedTuple

SHED = "shed"
"""The outcome of a request that was refused as promised: 503 with Retry-After."""


class LoadRow(NamedTuple):
    """One request. `duration_us`: from its send to its last byte, or to the moment at which it was given up.

    `outcome`: the HTTP status, SHED, or why there was no answer: timeout, refused, reset, dns, error.
    """

    name: str
    sent_ns: int
    duration_us: int
    outcome: int | str

    @property
    def finished_ns(self) -> int:
        """When its answer was complete."""
        return self.sent_ns + self.duration_us * 1000

    @property
    def accepted(self) -> bool:
        """Whether it was served: a status of 200 to 399."""
        return isinstance(self.outcome, int) and 200 <= self.outcome < 400

    @property
    def shed(self) -> bool:
        """Whether it was refused as promised, which is no error."""
        return self.outcome == SHED


@dataclass(frozen=True, slots=True)
class LoadBatch:
    """The requests that ended since the batch before. `vus`: simulated users at `at_ns`.

    `began_ns`: when the script asked for the first of them, which is before its send: name and connection come between. None
    without requests.
    """

    at_ns: int
    vus: int
    rows: tuple[LoadRow, ...]
    began_ns: int | None = None
