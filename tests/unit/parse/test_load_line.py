"""k6's lines -> batches of requests."""

import json
from typing import Any

import pytest

from chaoslab.errors import ToolError
from chaoslab.model.load import SHED, LoadBatch, LoadRow
from chaoslab.parse.load_line import PREFIX, load_batch

TASK = "POST /v2/tasks"
AT_NS = 5_000_000_000


def line(*rows: tuple[int, int, int, int | str], **keys: Any) -> str:
    """Write one line as our k6 does."""
    told = {"at_ns": AT_NS, "began_us": 0, "vus": 7, "names": [TASK, "GET /health"], "rows": rows}
    return PREFIX + json.dumps(told | keys)


def test_a_row_becomes_a_request_in_lab_time() -> None:
    """A request's send is told backwards from the batch's instant."""
    batch = load_batch(line((0, 150_000, 100_000, 200), (1, 1_000, 900, "refused")))
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


def test_a_batch_says_when_its_first_request_was_asked_for() -> None:
    """Before its send; a batch without requests has no beginning."""
    batch, empty = load_batch(line((0, 150_000, 100_000, 200), began_us=400_000)), load_batch(line())
    assert batch is not None
    assert empty is not None
    assert (batch.began_ns, empty.began_ns) == (4_600_000_000, None)


def test_k6s_own_words_are_no_batch() -> None:
    """Whatever else k6 prints is passed over."""
    assert load_batch("running (0m01.0s), 10/10 VUs") is None


def test_a_refusal_as_promised_is_a_word_and_not_its_status() -> None:
    """k6 has seen the Retry-After; a bare 503 keeps its number."""
    batch = load_batch(line((0, 9, 5, SHED), (0, 9, 5, 503)))
    assert batch is not None
    assert [row.shed for row in batch.rows] == [True, False]


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
    ],
)
def test_a_broken_batch_is_named(text: str) -> None:
    """A line that starts as ours and is not is an error that shows it."""
    with pytest.raises(ToolError, match="no batch of requests"):
        load_batch(text)
