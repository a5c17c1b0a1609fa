"""What happened: samples, events, proofs, undo records. All instants are lab time (nanoseconds of the observer's CLOCK_MONOTONIC)."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Sample(NamedTuple):
    """One answer of a probe.

    `outcome`: the HTTP status as text ("200"), "ok" for other kinds, or why there was none:
    refused, reset, timeout, closed, unreachable, unresolved, malformed, unexpected (a text without `expect_body`).
    `detail`: the captured value of a work probe; for a canary a dict of bytes and milliseconds.
    """

    probe: str
    replica: int
    scheduled_ns: int
    sent_ns: int
    finished_ns: int
    good: bool
    outcome: str
    detail: Any = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of history. `kind` is one of the names that docs/results.md lists; `error_ns` bounds `at_ns`."""

    at_ns: int
    kind: str
    scenario: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    error_ns: int = 0


@dataclass(frozen=True, slots=True)
class Effect:
    """The instant at which a fault took effect, and what was really injected."""

    at_ns: int
    error_ns: int
    injected: str
    waited_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Proof:
    """The measured effect of a fault. `measured` is a number in `unit`; `expected` says the range it had to be in."""

    fault: str
    measured: float | None
    expected: str
    unit: str
    proven: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Undo:
    """How to put one thing back, as data. `verb` is one that `undo.py` interprets; it names service and replica, never a container."""

    id: str
    verb: str
    service: str
    replica: int = 0
    wanted: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        where = f"{self.service}[{self.replica}]" if self.replica else self.service
        what = " ".join(f"{key}={value}" for key, value in self.wanted.items())
        return f"{self.verb} {where} {what}".strip()


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What an undo did. `clean` False means that the thing is still broken; `note` says what was found."""

    undo: Undo
    at_ns: int
    error_ns: int
    clean: bool
    note: str = ""
