"""The catalogue of measures: each turns a scenario's findings into one number. Bounds are judged elsewhere."""

from collections.abc import Mapping

from chaoslab.model.vocabulary import MeasureSpec
from chaoslab.verdict.measures import answers, engine, outage, series, writes
from chaoslab.verdict.measures.answers import distinct, error_rate, failed, latencies_ms, percentile
from chaoslab.verdict.measures.entry import NOTHING, PHASES, Measure, Measured, window_of
from chaoslab.verdict.measures.outage import unseen_ns, unseen_text

__all__ = [
    "MEASURES",
    "NOTHING",
    "PHASES",
    "Measure",
    "Measured",
    "distinct",
    "error_rate",
    "failed",
    "latencies_ms",
    "measure_specs",
    "percentile",
    "unseen_ns",
    "unseen_text",
    "window_of",
]

MEASURES: Mapping[str, Measure] = {
    entry.spec.name: entry for room in (answers, writes, engine, series, outage) for entry in room.MEASURES
}
"""Every measure by the name that files use."""


def measure_specs() -> dict[str, MeasureSpec]:
    """Give the catalogue as pure data, for Vocabulary.measures."""
    return {name: measure.spec for name, measure in MEASURES.items()}
