"""Lines of our k6 (compose/images/k6/batch.go) -> batches of requests. Pure."""

import json
from collections.abc import Iterator

from chaoslab.errors import ToolError
from chaoslab.model.load import LoadBatch, LoadRow

PREFIX = "chaoslab-load "


def load_batch(text: str) -> LoadBatch | None:
    """Return a line's batch, None for what k6 says itself. Raises ToolError when a batch cannot be read."""
    if not text.startswith(PREFIX):
        return None
    try:
        told = json.loads(text[len(PREFIX) :])
        at_ns = int(told["at_ns"])
        began_us = int(told.get("began_us", 0))
        began_ns = at_ns - began_us * 1000 if began_us else None
        return LoadBatch(at_ns, int(told["vus"]), tuple(_rows(told, at_ns)), began_ns)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise ToolError(
            f"k6's output is no batch of requests: {text[:200]!r} ({type(error).__name__}: {error})",
            remedy="`make images` builds the k6 that fits this version",
        ) from error


def _rows(told: dict[str, object], at_ns: int) -> Iterator[LoadRow]:
    names, rows = told["names"], told["rows"]
    if not isinstance(names, list) or not isinstance(rows, list):
        raise TypeError("names and rows must be lists")
    for index, sent_us, duration_us, outcome in rows:
        if not isinstance(outcome, int | str):
            raise TypeError(f"an outcome is a status or a word, not {outcome!r}")
        yield LoadRow(str(names[index]), at_ns - int(sent_us) * 1000, int(duration_us), outcome)
