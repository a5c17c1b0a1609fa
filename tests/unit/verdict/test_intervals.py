"""Unions, intersections and cuts of spans."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chaoslab.verdict.intervals import FOREVER, Span, clip, first_clear_ns, intersection, total_ns, union

POINTS = range(60)


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    """Draw spans inside POINTS."""
    pairs = draw(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), max_size=8))
    return [Span(min(pair), max(pair)) for pair in pairs]


def covered(parts: list[Span]) -> set[int]:
    """List the points that spans cover, the slow way."""
    return {point for span in parts for point in POINTS if span.start_ns <= point < span.end_ns}


@given(spans())
def test_union_covers_the_same_points_once(parts: list[Span]) -> None:
    """A union covers exactly the points of its parts, in sorted and separate spans."""
    merged = union(parts)
    assert covered(merged) == covered(parts)
    assert total_ns(merged) == len(covered(parts))
    assert all(before.end_ns < after.start_ns for before, after in pairwise(merged))


@given(spans(), st.randoms(use_true_random=False))
def test_union_does_not_depend_on_order(parts: list[Span], shuffle: random.Random) -> None:
    """The order in which spans are given does not matter."""
    shuffled = parts[:]
    shuffle.shuffle(shuffled)
    assert union(shuffled) == union(parts)


@given(spans(), spans())
def test_intersection_covers_the_common_points(left: list[Span], right: list[Span]) -> None:
    """An intersection covers exactly the points that both cover, whichever comes first."""
    one, other = union(left), union(right)
    assert covered(intersection(one, other)) == covered(left) & covered(right)
    assert covered(intersection(other, one)) == covered(intersection(one, other))


@given(spans(), st.integers(0, 59), st.integers(0, 59))
def test_clip_keeps_what_lies_inside(parts: list[Span], start: int, end: int) -> None:
    """Cutting keeps exactly the covered points inside the window."""
    assert covered(clip(parts, start, end)) == {point for point in covered(parts) if start <= point < end}


@given(spans(), st.integers(0, 59), st.integers(1, 20))
def test_first_clear_is_the_first(parts: list[Span], since: int, clear: int) -> None:
    """The instant found is the earliest one that is followed by enough free points."""
    down = covered(parts)
    fits = [at for at in range(since, 60 - clear + 1) if not down.intersection(range(at, at + clear))]
    assert first_clear_ns(parts, since, clear, 60) == (fits[0] if fits else None)


def test_edges_keep_the_errors_of_their_spans() -> None:
    """Errors travel with the edge they belong to; an edge that was cut has none."""
    one, other = Span(10, 30, 1, 2), Span(20, 40, 3, 4)
    assert union([one, other]) == [Span(10, 40, 1, 4)]
    assert intersection([one], [other]) == [Span(20, 30, 3, 2)]
    assert clip([one], 15, 50) == [Span(15, 30, 0, 2)]


def test_an_open_span_never_clears() -> None:
    """A span without an end leaves no clear instant after it."""
    assert Span(10, FOREVER).open
    assert first_clear_ns([Span(10, FOREVER)], 5, 10, 1000) is None
