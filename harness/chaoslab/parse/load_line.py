"""Lines of our k6 -> batches of requests. Pure; one reader per run of k6."""

import json
from collections import Counter
from collections.abc import Iterator

from chaoslab.errors import ToolError
from chaoslab.model.load import SHED, LoadBatch, LoadRow

PREFIX = "chaoslab-load "
UNAVAILABLE = 503


class LoadLines:
    """Reads k6's lines in order.

    Which 503 carried a Retry-After is counted by the script, at times one batch after its request: a 503 is held
    until the next batch, then it is SHED or an error.
    """

    def __init__(self) -> None:
        self._last = (0, 0)
        self._held: list[LoadRow] = []

    def line(self, text: str) -> LoadBatch | None:
        """Return a line's batch, None for what k6 says itself. Raises ToolError when a batch cannot be read."""
        if not text.startswith(PREFIX):
            return None
        try:
            told = json.loads(text[len(PREFIX) :])
            at_ns, vus, shed = int(told["at_ns"]), int(told["vus"]), Counter(dict(told["shed"]))
            rows = list(_rows(told, at_ns))
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise ToolError(
                f"k6's output is no batch of requests: {text[:200]!r} ({type(error).__name__}: {error})",
                remedy="`make images` builds the k6 that fits this version",
            ) from error
        self._last = at_ns, vus
        return LoadBatch(at_ns, vus, tuple(self._settled(rows, shed)))

    def rest(self) -> LoadBatch | None:
        """Return what was still held when k6 ended, None when nothing was."""
        if not self._held:
            return None
        rows, self._held = tuple(self._held), []
        return LoadBatch(*self._last, rows)

    def _settled(self, rows: list[LoadRow], shed: Counter[str]) -> Iterator[LoadRow]:
        earlier, self._held = self._held, []
        for row in earlier:
            yield _claimed(row, shed) or row
        for row in rows:
            if row.outcome != UNAVAILABLE:
                yield row
            elif (claimed := _claimed(row, shed)) is not None:
                yield claimed
            else:
                self._held.append(row)


def _claimed(row: LoadRow, shed: Counter[str]) -> LoadRow | None:
    if shed[row.name] < 1:
        return None
    shed[row.name] -= 1
    return row._replace(outcome=SHED)


def _rows(told: dict[str, object], at_ns: int) -> Iterator[LoadRow]:
    names, rows = told["names"], told["rows"]
    if not isinstance(names, list) or not isinstance(rows, list):
        raise TypeError("names and rows must be lists")
    for index, sent_us, duration_us, outcome in rows:
        if not isinstance(outcome, int | str):
            raise TypeError(f"an outcome is a status or a word, not {outcome!r}")
        yield LoadRow(str(names[index]), at_ns - int(sent_us) * 1000, int(duration_us), outcome)
