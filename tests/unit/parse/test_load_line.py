"""k6's lines -> batches of requests."""

import json
from typing import Any

import pytest

from chaoslab.errors import ToolError
from chaoslab.model.load import SHED, LoadBatch, LoadRow
from chaoslab.parse.load_line import PREFIX, LoadLines

TASK = "POST /v2/tasks"
AT_NS = 5_000_000_000


def line(*rows: tuple[int, int, int, int | str], shed: Any = None, **keys: Any) -> str:
    """Write one line as our k6 does."""
    told = {"at_ns": AT_NS, "vus": 7, "names": [TASK, "GET /health"], "rows": rows, "shed": shed or {}}
    return PREFIX + json.dumps(told | keys)


def outcomes(batch: LoadBatch | None) -> list[int | str]:
    """List what became of a batch's requests."""
    assert batch is not None
    return [row.outcome for row in batch.rows]


def test_a_row_becomes_a_request_in_lab_time() -> None:
    """A request's send is told backwards from the batch's instant."""
    batch = LoadLines().line(line((0, 150_000, 100_000, 200), (1, 1_000, 900, "refused")))
    assert batch == LoadBatch(
        AT_NS, 7, (LoadRow(TASK, 4_850_000_000, 100_000, 200), LoadRow("GET /health", 4_999_000_000, 900, "refused"))
    )
    assert batch.rows[0].finished_ns == 4_950_000_000


@pytest.mark.parametrize(
    ("outcome", "accepted", "shed"),
    [(200, True, False), (302, True, False), (404, False, False), (503, False, False), (SHED, False, True)],
)
def test_what_was_served_what_was_refused(outcome: int | str, accepted: bool, shed: bool) -> None:
    """Served is 200 to 399; only a refusal as promised is shed."""
    row = LoadRow(TASK, 0, 1, outcome)
    assert (row.accepted, row.shed) == (accepted, shed)


def test_k6s_own_words_are_no_batch() -> None:
    """Whatever else k6 prints is passed over."""
    assert LoadLines().line("running (0m01.0s), 10/10 VUs") is None


def test_a_counted_503_is_shed() -> None:
    """As many 503 of a name are shed as its counter says, each of its own name."""
    lines = LoadLines()
    assert outcomes(lines.line(line((0, 9, 5, 503), (1, 9, 5, 503), (0, 9, 5, 503), shed={TASK: 2}))) == [SHED, SHED]
    assert outcomes(lines.line(line())) == [503]


def test_a_counter_may_come_one_batch_late() -> None:
    """A 503 waits one batch for its counter, and no longer."""
    lines = LoadLines()
    assert outcomes(lines.line(line((0, 9, 5, 503)))) == []
    assert outcomes(lines.line(line((0, 9, 5, 200), shed={TASK: 1}))) == [SHED, 200]
    assert outcomes(lines.line(line((0, 9, 5, 503)))) == []
    assert outcomes(lines.line(line())) == [503]
    assert outcomes(lines.line(line((0, 9, 5, 503), shed={}))) == []


def test_what_is_held_at_the_end_is_told() -> None:
    """The last 503 of a run is not lost."""
    lines = LoadLines()
    assert lines.rest() is None
    lines.line(line((0, 9, 5, 503)))
    assert outcomes(lines.rest()) == [503]
    assert lines.rest() is None


@pytest.mark.parametrize(
    "text",
    [
        PREFIX + "{",
        PREFIX + "[]",
        PREFIX + "{}",
        line(names=[]) + "x",
        line((2, 1, 1, 200)),
        line((0, 1, 1, 200), names="ab"),
        line(rows=[[0, 1]]),
        line(rows=[[0, 1, 1, None]]),
        line(shed=[1]),
    ],
)
def test_a_broken_batch_is_named(text: str) -> None:
    """A line that starts as ours and is not is an error that shows it."""
    with pytest.raises(ToolError, match="no batch of requests"):
        LoadLines().line(text)
