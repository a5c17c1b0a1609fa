"""Requests in columns: nothing is lost, nothing is rounded."""

import tracemalloc

from chaoslab.model.load import SHED, LoadBatch, LoadRow
from chaoslab.verdict.load.tape import Recording, Tape
from unit.load.made import LOGIN, START_NS, TASK, recording, tape


def test_requests_are_summed_up_by_their_send() -> None:
    """A stretch holds what was sent in it, whenever it was answered, in whatever order it came."""
    made = Tape()
    rows = [
        LoadRow(TASK, START_NS + 1_500_000_000, 9_000, 200),
        LoadRow(LOGIN, START_NS, 2_000_000, 200),
        LoadRow(TASK, START_NS + 500_000_000, 7_000, SHED),
        LoadRow(TASK, START_NS + 600_000_000, 8_000, "timeout"),
        LoadRow(TASK, START_NS + 700_000_000, 8_000, 503),
    ]
    made.add(LoadBatch(START_NS + 2_000_000_000, 3, tuple(rows)))
    made_recording = Recording(made)
    first = made_recording.answers(0, 1)
    assert (first.requests, first.accepted, first.shed, first.errors) == (4, 1, 1, 2)
    assert first.outcomes == {"200": 1, SHED: 1, "timeout": 1, "503": 1}
    assert list(first.accepted_us) == [2_000_000]
    assert made_recording.answers(1).requests == 1
    assert made_recording.answers(name=LOGIN).requests == 1
    assert made_recording.answers(name="GET /nowhere").requests == 0
    assert made_recording.seconds == 1.5
    assert made_recording.users(0) == 3


def test_time_begins_when_the_first_request_was_asked_for() -> None:
    """The time that first connections take is the pattern's; a later batch's beginning moves nothing."""
    made = Tape()
    for number in range(2):
        sent_ns = START_NS + number * 1_000_000_000
        made.add(LoadBatch(sent_ns + 5, 1, (LoadRow(TASK, sent_ns, 1, 200),), sent_ns - 300_000_000))
    late = Recording(made)
    assert late.start_ns == START_NS - 300_000_000
    assert (late.seconds, late.answers(0, 0.3).requests, late.answers(0.3, 0.4).requests) == (1.3, 0, 1)


def test_without_requests_there_is_nothing() -> None:
    """An empty tape has no length and no answers."""
    empty = Recording(Tape())
    assert (len(empty), empty.seconds, empty.answers().requests, list(empty.slices(1))) == (0, 0.0, 0, [])


def test_slices_are_whole() -> None:
    """Ten and a half seconds are ten slices of a second."""
    assert [answers.requests for _at, answers in recording(10.5, 20).slices(1)] == [20] * 10


def test_many_names_and_outcomes_are_bounded() -> None:
    """Beyond 255 names and 99 words the rest shares one; no request is dropped."""
    made = Tape()
    for number in range(400):
        made.add(LoadBatch(START_NS, 1, (LoadRow(f"GET /{number}", START_NS, 1, f"word {number}"),)))
    assert len(made.names) == 255
    assert len(made.words) <= 100
    assert Recording(made).answers().requests == 400


def test_a_request_costs_few_bytes() -> None:
    """A long run fits in memory: at most 20 bytes are kept per request (16 minutes at 700 a second: 13 MB)."""
    tracemalloc.start()
    made = tape(250, 200)
    made.vus.clear()
    kept, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 20 * len(made.sent_ns) + 10_000
