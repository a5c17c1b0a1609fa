"""Samples -> outages: when a sample counts, where an outage begins and ends, and how exactly that is known.

A good sample counts at its finish, a bad one at its send; a bad one that was under way at t0 counts at t0 (DESIGN 8). As far as t0
is known: what ended within its error before it may have been the fault's first victim.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from chaoslab.model.history import Sample
from chaoslab.verdict.intervals import FOREVER, Span, intersection, union


@dataclass(frozen=True, slots=True)
class Strike:
    """The first fault's effect. Before there is one, `NO_STRIKE` leaves every bad sample at its send."""

    at_ns: int
    error_ns: int = 0


NO_STRIKE = Strike(-1)


def counted_ns(sample: Sample, strike: Strike = NO_STRIKE) -> int:
    """Say at which instant a sample counts."""
    if sample.good:
        return sample.finished_ns
    under_way = sample.sent_ns < strike.at_ns <= sample.finished_ns + strike.error_ns
    return strike.at_ns if under_way else sample.sent_ns


def by_replica(samples: Iterable[Sample]) -> dict[int, list[Sample]]:
    """Split one probe's samples by the replica that they asked."""
    split: dict[int, list[Sample]] = defaultdict(list)
    for sample in samples:
        split[sample.replica].append(sample)
    return dict(split)


def stream_outages(samples: Sequence[Sample], strike: Strike = NO_STRIKE) -> list[Span]:
    """Find the outages that one stream (one probe, one replica) saw: from the first bad sample to the next good one.

    Start error: back to the send of the last good sample (it was up at some moment since), never beyond the strike,
    plus the strike's own error. End error: back to the last send before the end that had no good answer by then. The
    last outage may be open.
    """
    points = sorted((counted_ns(sample, strike), not sample.good, sample.sent_ns) for sample in samples)
    sends = sorted(sample.sent_ns for sample in samples)
    outages: list[Span] = []
    last_good = 0
    first_bad: int | None = None
    last_bad = 0
    for instant, bad, sent in points:
        if bad:
            first_bad = instant if first_bad is None else first_bad
            last_bad = instant
            continue
        if first_bad is not None:
            start_error = _start_error(first_bad, last_good, strike)
            silent = max(last_bad, _last_unanswered(sends, instant, sent))
            outages.append(Span(first_bad, instant, start_error, instant - silent))
            first_bad = None
        last_good = max(last_good, sent)
    if first_bad is not None:
        outages.append(Span(first_bad, FOREVER, _start_error(first_bad, last_good, strike)))
    return outages


def _start_error(first_bad: int, last_good: int, strike: Strike) -> int:
    struck = strike != NO_STRIKE and first_bad >= strike.at_ns
    known_up = max(last_good, strike.at_ns if struck else 0)
    if not known_up:
        return 0
    return first_bad - known_up + (strike.error_ns if struck else 0)


def _last_unanswered(sends: Sequence[int], until: int, own_send: int) -> int:
    """Find the latest send before `until` of any sample but the one sent at `own_send`; 0 when there is none."""
    index = bisect_left(sends, until) - 1
    if index >= 0 and sends[index] == own_send:
        index -= 1
    return sends[index] if index >= 0 else 0


def probe_outages(samples: Iterable[Sample], *, each: bool, strike: Strike = NO_STRIKE) -> list[Span]:
    """Find a probe's outages over its replicas: with `each` where any of them is down, else only where all are."""
    streams = [stream_outages(stream, strike) for stream in by_replica(samples).values()]
    if not streams:
        return []
    return union(span for stream in streams for span in stream) if each else reduce(intersection, streams)


def known_until_ns(samples: Iterable[Sample], *, each: bool) -> int:
    """Say when the probe was last seen up (with `each`: every replica); -1 when never."""
    streams = by_replica(samples).values()
    finishes = [max((sample.finished_ns for sample in stream if sample.good), default=-1) for stream in streams]
    if not finishes:
        return -1
    return min(finishes) if each else max(finishes)


def longest_gap_ns(samples: Iterable[Sample], *, each: bool, since_ns: int) -> int | None:
    """Measure the largest gap between good answers from `since_ns` to the last one: what outage may have gone unseen.

    None without a good answer after `since_ns`.
    """
    streams = list(by_replica(samples).values())
    if not each:
        streams = [[sample for stream in streams for sample in stream]]
    gaps = [_gap(stream, since_ns) for stream in streams]
    known = [gap for gap in gaps if gap is not None]
    return max(known) if known and len(known) == len(gaps) else None


def _gap(samples: Iterable[Sample], since_ns: int) -> int | None:
    finishes = sorted(sample.finished_ns for sample in samples if sample.good and sample.finished_ns >= since_ns)
    if not finishes:
        return None
    return max(after - before for before, after in zip([since_ns, *finishes], finishes, strict=False))
