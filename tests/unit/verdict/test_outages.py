"""When samples count, and where outages begin and end."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoslab.model.history import Sample
from chaoslab.verdict.intervals import FOREVER, Span
from chaoslab.verdict.outages import (
    Strike,
    counted_ns,
    known_until_ns,
    longest_gap_ns,
    probe_outages,
    stream_outages,
)
from unit.verdict.made import MS, bad, between, good, stream


def spans_ms(spans: list[Span]) -> list[tuple[float, float]]:
    """Give starts and ends in ms."""
    return [(span.start_ns / MS, span.end_ns / MS) for span in spans]


def test_a_good_sample_counts_at_its_finish_and_a_bad_one_at_its_send() -> None:
    """Without a strike a bad sample counts when it was sent."""
    assert counted_ns(good(100, 150)) == 150 * MS
    assert counted_ns(bad(100, 150)) == 100 * MS


@pytest.mark.parametrize(
    ("sent", "finished", "counts"), [(90, 95, 90), (90, 100, 100), (90, 1090, 100), (100, 101, 100), (120, 130, 120)]
)
def test_a_bad_sample_under_way_at_the_strike_counts_at_the_strike(sent: float, finished: float, counts: float) -> None:
    """What was sent before t0 and went bad after it was struck by the fault, not before it."""
    assert counted_ns(bad(sent, finished), Strike(100 * MS)) == counts * MS


@pytest.mark.parametrize(("sent", "finished", "counts"), [(90, 96, 90), (90, 97, 100), (98, 99, 100)])
def test_what_ends_within_the_strikes_error_may_be_its_first_victim(
    sent: float, finished: float, counts: float
) -> None:
    """The strike is known to 3 ms: a sample that went bad that short before it is not held against the time before."""
    assert counted_ns(bad(sent, finished), Strike(100 * MS, 3 * MS)) == counts * MS


def test_an_outage_lasts_from_the_first_bad_to_the_next_good_sample() -> None:
    """Bad samples in a row are one outage; each edge's error is the gap to the good or unanswered sample before it."""
    found = stream_outages([good(0), good(50), bad(100), bad(150), good(200), good(250)])
    assert found == [Span(100 * MS, 201 * MS, 50 * MS, 51 * MS)]


def test_the_start_error_never_reaches_back_beyond_the_strike() -> None:
    """The outage cannot have begun before the effect; the effect's own error is added."""
    found = stream_outages([good(0), bad(100), good(200)], Strike(90 * MS, 3 * MS))
    assert found[0].start_error_ns == (10 + 3) * MS


def test_an_outage_without_a_good_sample_after_it_is_open() -> None:
    """Nobody saw its end."""
    assert stream_outages([good(40), bad(100)]) == [Span(100 * MS, FOREVER, 60 * MS)]


def test_slow_good_samples_end_a_hang_exactly() -> None:
    """A hang of 2 s with a time-out of 1 s ends when the held-back answers arrive, known to one interval."""
    before = [good(at) for at in range(0, 1000, 5)]
    timed_out = [bad(at, at + 1000, outcome="timeout") for at in range(1000, 2000, 5)]
    held_back = [good(at, 3000 + at / 10_000) for at in range(2000, 3000, 5)]
    [outage] = stream_outages([*before, *timed_out, *held_back])
    assert outage.start_ns == 1000 * MS
    assert outage.end_ns == pytest.approx(3000 * MS, abs=MS)
    assert outage.end_error_ns <= 6 * MS


def test_a_bad_sample_that_ends_late_does_not_prolong_an_outage() -> None:
    """A request that was sent in the outage and timed out long after it counts at its send."""
    found = stream_outages([good(0), bad(100, 1100), good(200), good(300), good(1200)])
    assert spans_ms(found) == [(100, 201)]


def test_each_is_down_when_any_replica_is() -> None:
    """With `each` the outages of all replicas are joined."""
    samples = [*stream(0, 1000, 10, between(200, 400), replica=1), *stream(0, 1000, 10, between(300, 600), replica=2)]
    assert spans_ms(probe_outages(samples, each=True)) == [(200, 601)]


def test_without_each_it_is_down_only_when_all_replicas_are() -> None:
    """One answering replica keeps a service up."""
    samples = [*stream(0, 1000, 10, between(200, 400), replica=1), *stream(0, 1000, 10, between(300, 600), replica=2)]
    assert spans_ms(probe_outages(samples, each=False)) == [(300, 401)]


def test_known_until_is_the_worst_replica_only_with_each() -> None:
    """Coverage ends with the replica that was seen up least recently, or with any."""
    samples = [good(0, replica=1), good(50, replica=2)]
    assert known_until_ns(samples, each=True) == 1 * MS
    assert known_until_ns(samples, each=False) == 51 * MS
    assert known_until_ns([bad(0)], each=False) == -1


def test_the_largest_gap_bounds_what_went_unseen() -> None:
    """No unseen outage is longer than the largest gap between good answers; replicas add up only without `each`."""
    samples = [*stream(0, 100, 10, replica=1), *stream(5, 100, 20, replica=2)]
    assert longest_gap_ns(samples, each=True, since_ns=6 * MS) == 20 * MS
    assert longest_gap_ns(samples, each=False, since_ns=6 * MS) == 10 * MS
    assert longest_gap_ns(samples, each=False, since_ns=500 * MS) is None


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 200), st.booleans()), max_size=40),
    st.randoms(use_true_random=False),
)
def test_outages_do_not_depend_on_the_order_of_arrival(
    raw: list[tuple[int, int, bool]], shuffle: random.Random
) -> None:
    """Overlapping samples may arrive in any order; outages are sorted, separate and begin at a bad sample."""
    samples = [good(sent, sent + long) if fine else bad(sent, sent + long) for sent, long, fine in raw]
    found = stream_outages(samples)
    mixed = samples[:]
    shuffle.shuffle(mixed)
    assert stream_outages(mixed) == found
    assert all(before.end_ns <= after.start_ns for before, after in pairwise(found))
    assert {span.start_ns for span in found} <= {sample.sent_ns for sample in samples if not sample.good}
    assert all(span.start_error_ns >= 0 and span.end_error_ns >= 0 for span in found)


@pytest.mark.parametrize("seed", range(20))
def test_at_200_hz_an_outage_is_known_to_one_interval(seed: int) -> None:
    """Edges of a known outage are found within 7 ms, and the error bars contain the truth."""
    dice = random.Random(seed)  # noqa: S311 - reproducible, not secret
    down, up = round(dice.uniform(1000, 1100), 6), round(dice.uniform(2000, 2600), 6)
    phase = dice.uniform(0, 5)

    def answer(sent: float) -> Sample:
        took = dice.uniform(0.3, 1.5)
        return bad(sent, sent + took) if down <= sent + took / 2 < up else good(sent, sent + took)

    [outage] = stream_outages([answer(phase + 5 * index) for index in range(800)], Strike(round(down * MS), 0))
    start, end = outage.start_ns / MS, outage.end_ns / MS
    assert start - down < 7
    assert end - up < 7
    assert start - outage.start_error_ns / MS <= down + 1e-5
    assert end - outage.end_error_ns / MS <= up + 1e-5
    assert down <= start
    assert up <= end
