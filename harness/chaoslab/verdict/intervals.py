"""Arithmetic of time spans: unions, intersections, lengths. Knows nothing of samples."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

FOREVER = 2**63 - 1
"""The end of a span that has not ended."""

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open [start_ns, end_ns) in lab time. Each edge may lie up to its error *before* the instant given."""

    start_ns: int
    end_ns: int
    start_error_ns: int = 0
    end_error_ns: int = 0

    @property
    def open(self) -> bool:
        """Whether its end was never seen."""
        return self.end_ns == FOREVER

    @property
    def length_ns(self) -> int:
        """How long it lasts; of an open span clip it first."""
        return self.end_ns - self.start_ns

    @property
    def error_ns(self) -> int:
        """Bound of the error of its length: both edges' errors."""
        return self.start_error_ns + self.end_error_ns


def union(spans: Iterable[Span]) -> list[Span]:
    """Merge spans that overlap or touch; sorted, disjoint. An edge keeps the error of the span that it came from."""
    merged: list[Span] = []
    for span in sorted(span for span in spans if span.end_ns > span.start_ns):
        last = merged[-1] if merged else None
        if last is None or span.start_ns > last.end_ns:
            merged.append(span)
        elif span.end_ns > last.end_ns:
            merged[-1] = replace(last, end_ns=span.end_ns, end_error_ns=span.end_error_ns)
    return merged


def intersection(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    """Where both are: of two sorted, disjoint lists. An edge keeps the error of the span that it came from."""
    both: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        one, other = left[i], right[j]
        first = one if one.start_ns >= other.start_ns else other
        last = one if one.end_ns <= other.end_ns else other
        if first.start_ns < last.end_ns:
            both.append(Span(first.start_ns, last.end_ns, first.start_error_ns, last.end_error_ns))
        if last is one:
            i += 1
        else:
            j += 1
    return both


def clip(spans: Iterable[Span], start_ns: int, end_ns: int) -> list[Span]:
    """Cut the spans to what lies inside [start_ns, end_ns); an edge that was cut is exact."""
    inside = []
    for span in spans:
        start, end = max(span.start_ns, start_ns), min(span.end_ns, end_ns)
        if start < end:
            start_error = span.start_error_ns if start == span.start_ns else 0
            end_error = span.end_error_ns if end == span.end_ns else 0
            inside.append(Span(start, end, start_error, end_error))
    return inside


def total_ns(spans: Iterable[Span]) -> int:
    """Add up the lengths of disjoint spans."""
    return sum(span.length_ns for span in spans)


def first_clear_ns(spans: Sequence[Span], since_ns: int, clear_ns: int, until_ns: int) -> int | None:
    """Find the first instant from `since_ns` on with `clear_ns` free of spans; nothing is known past `until_ns`."""
    instant = since_ns
    for span in union(spans):
        if span.start_ns - instant >= clear_ns:
            break
        instant = max(instant, span.end_ns)
    return instant if instant + clear_ns <= until_ns else None
