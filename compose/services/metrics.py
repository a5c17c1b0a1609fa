"""Counters, gauges and histograms in Prometheus text format. Holds numbers only; single-threaded by design."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0)


@dataclass(slots=True)
class Counter:
    """Counts events, told apart by the value of at most one label."""

    name: str
    label: str | None = None
    values: dict[str, int] = field(default_factory=dict)

    def add(self, label_value: str = "", amount: int = 1) -> None:
        """Count `amount` more."""
        self.values[label_value] = self.values.get(label_value, 0) + amount

    def lines(self) -> list[str]:
        """Samples as exposition lines; an unlabelled counter that never moved is 0, not absent."""
        if self.label is None:
            return [f"{self.name} {self.values.get('', 0)}"]
        return [f'{self.name}{{{self.label}="{value}"}} {count}' for value, count in sorted(self.values.items())]


@dataclass(slots=True)
class Histogram:
    """Durations in seconds, cumulative buckets."""

    name: str
    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_SECONDS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Record one duration."""
        self.counts[bisect_left(BUCKETS_SECONDS, seconds)] += 1
        self.total += seconds

    def lines(self) -> list[str]:
        """Samples as exposition lines."""
        seen, lines = 0, []
        for bound, count in zip((*map(str, BUCKETS_SECONDS), "+Inf"), self.counts, strict=True):
            seen += count
            lines.append(f'{self.name}_bucket{{le="{bound}"}} {seen}')
        return [*lines, f"{self.name}_sum {self.total:.6f}", f"{self.name}_count {seen}"]


@dataclass(slots=True)
class Gauge:
    """A value read when asked."""

    name: str
    read: Callable[[], float]

    def lines(self) -> list[str]:
        """Sample as exposition line."""
        return [f"{self.name} {self.read():g}"]


@dataclass(slots=True)
class GaugeByLabel:
    """Values read when asked, told apart by the value of one label."""

    name: str
    label: str
    read: Callable[[], dict[str, float]]

    def lines(self) -> list[str]:
        """Samples as exposition lines."""
        return [f'{self.name}{{{self.label}="{value}"}} {number:g}' for value, number in self.read().items()]


@dataclass(slots=True)
class Metrics:
    """All metrics of one service."""

    entries: list[tuple[str, str, Counter | Histogram | Gauge | GaugeByLabel]] = field(default_factory=list)

    def counter(self, name: str, meaning: str, label: str | None = None) -> Counter:
        """Add a counter."""
        entry = Counter(name, label)
        self.entries.append(("counter", meaning, entry))
        return entry

    def histogram(self, name: str, meaning: str) -> Histogram:
        """Add a histogram of seconds."""
        entry = Histogram(name)
        self.entries.append(("histogram", meaning, entry))
        return entry

    def gauge(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Add a gauge."""
        self.entries.append(("gauge", meaning, Gauge(name, read)))

    def gauge_by_label(self, name: str, meaning: str, label: str, read: Callable[[], dict[str, float]]) -> None:
        """Add a gauge with a label."""
        self.entries.append(("gauge", meaning, GaugeByLabel(name, label, read)))

    def render(self) -> str:
        """Everything, as Prometheus text."""
        lines = []
        for kind, meaning, entry in self.entries:
            lines += [f"# HELP {entry.name} {meaning}", f"# TYPE {entry.name} {kind}", *entry.lines()]
        return "\n".join(lines) + "\n"
