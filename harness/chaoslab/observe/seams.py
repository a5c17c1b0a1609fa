"""What the observer's driver meets: where samples go (Sink), what carries its lines (Stream), and the values it answers with."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from chaoslab.clock import Tie
from chaoslab.model.history import Event, Sample


class Sink(Protocol):
    """Where samples, events and the clock's tie go: store.History, or a test's list."""

    tie: Tie

    def samples_in(self, samples: Iterable[Sample]) -> None:
        """Take a batch of samples, in order of their ends."""

    def event(self, kind: str, at_ns: int | None = None, scenario: str = "", error_ns: int = 0, **data: Any) -> Event:
        """Take one event."""

    def fail(self, error: Exception) -> None:
        """Let the plan's thread know: its next wait raises this."""


class Stream(Protocol):
    """A two-way stream of JSON lines: tools.attached.Attached, or a plain process's pipes."""

    def send(self, message: Any) -> None:
        """Send one message. Raises ToolError when the other side is gone."""

    def receive(self, timeout_seconds: float | None) -> Any:
        """Return the next message, None at the end."""

    def close(self) -> None:
        """Let go of the stream."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one HTTP request sent from inside the lab. Instants are lab time."""

    status: int
    body: str
    sent_ns: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class ObserverStats:
    """How the observer itself fared since its start. Late: sent more than 5 ms after its schedule, or a tick slept through."""

    cpu_seconds: float
    wall_seconds: float
    samples: int
    late_sends: int
    capped: int
    unsendable: int
    worst_late_ms: float

    @property
    def cpu_percent_of_one_core(self) -> float:
        """Its mean use of CPU."""
        return 100 * self.cpu_seconds / max(self.wall_seconds, 1e-9)

    def since(self, earlier: "ObserverStats") -> "ObserverStats":
        """Return what happened between two readings (the worst lateness stays the whole life's)."""
        return ObserverStats(
            self.cpu_seconds - earlier.cpu_seconds, self.wall_seconds - earlier.wall_seconds, self.samples - earlier.samples,
            self.late_sends - earlier.late_sends, self.capped - earlier.capped, self.unsendable - earlier.unsendable, self.worst_late_ms,
        )  # fmt: skip
