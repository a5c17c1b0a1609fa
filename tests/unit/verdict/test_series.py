"""Measures of metrics: which series, over which replicas, over which time; and the gaps of heartbeats."""

from typing import Any

import pytest

from chaoslab.model.history import Sample
from chaoslab.model.lab import Metrics, Probe
from chaoslab.model.result import FoundExpectation
from chaoslab.model.suite import Expectation
from chaoslab.verdict.judge import judge_scenario
from chaoslab.verdict.measures.series import matches
from unit.verdict.made import START, WEB, bad, events, good, lab, planned, series, stream

READER = Probe(name="metrics:web", role="watch", kind="metrics", service="web", port=80, rate_hz=5)
HEALTHY = stream(START, 30_000, 5)
LEADER = 'leader{cause="a b"}'


def said(at: float, replica: int = 1, **values: float) -> Sample:
    """Make one reading of a replica's metrics."""
    return good(at, probe="metrics:web", replica=replica, detail=dict(values))


def found(ask: Expectation, *samples: list[Sample], **keys: Any) -> FoundExpectation:
    """Judge one expectation on a lab whose service `web` tells metrics."""
    spec = lab(WEB, READER).model_copy(update={"metrics": {"web": Metrics(name="web", port=80)}})
    result = judge_scenario(planned(ask, **keys), spec, events(), series(HEALTHY, *samples))
    [expectation] = result.expectations
    return expectation


def metric(name: str = "leader", **keys: Any) -> Expectation:
    """Ask for a metric of `web`."""
    return Expectation(measure="metric", of="web", name=name, **{"equals": 1.0, **keys})


@pytest.mark.parametrize(
    ("wanted", "series_name", "yes"),
    [
        ("up", "up", True),
        ("up", 'up{a="b"}', True),
        ("up", "up_total", False),
        ('up{a="b"}', 'up{c="d",a="b"}', True),
        ('up{a="b"}', 'up{a="c"}', False),
        ('up{a="b"}', "up", False),
        ('up{a="x, y\\"}"}', 'up{a="x, y\\"}",b="1"}', True),
    ],
)
def test_a_name_without_labels_means_all_of_them(wanted: str, series_name: str, yes: bool) -> None:
    """Labels that are named must be there; others may have any value."""
    assert matches(wanted, series_name) is yes


def test_the_last_value_of_each_replica_is_summed() -> None:
    """One of two replicas leads after recovery: the sum is 1, and the note says who."""
    samples = [said(at, replica, leader=replica == 2) for at in range(6000, 30_000, 200) for replica in (1, 2)]
    taken = found(metric(phase="after"), samples)
    assert (taken.observed, taken.met, taken.name, taken.note) == (1, True, "leader", "[1] 0, [2] 1")


def test_a_replica_that_does_not_answer_says_nothing() -> None:
    """The dead leader's last word does not count against its successor."""
    samples = [said(at, 1, leader=1) for at in range(6000, 10_000, 200)]
    samples += [bad(at, probe="metrics:web", replica=1) for at in range(10_000, 30_000, 200)]
    samples += [said(at + 50, 2, leader=at > 12_000) for at in range(6000, 30_000, 200)]
    assert found(metric(phase="after"), samples).observed == 1
    assert found(metric(reduce="max", equals=None, max=1), samples).observed == 1


def test_one_lost_answer_is_no_change() -> None:
    """A leader that is not heard once or twice, between answers or at the end, still leads; for the third it is gone."""

    def missing(*lost: int) -> list[Sample]:
        times = range(6000, 30_000, 200)
        samples = [said(at, 2, leader=0) for at in times]
        return samples + [bad(at, probe="metrics:web", replica=1) if at in lost else said(at, leader=1) for at in times]

    assert found(metric(reduce="min"), missing(12_000, 12_200)).observed == 1
    assert found(metric(phase="after"), missing(29_600, 29_800)).observed == 1
    assert found(metric(reduce="min"), missing(12_000, 12_200, 12_400)).observed == 0
    assert found(metric(phase="after"), missing(29_400, 29_600, 29_800)).observed == 0


def test_a_handover_is_never_taken_for_two_leaders() -> None:
    """Read a moment apart, both seem to lead once; that a value changed meanwhile is known from the next answer."""
    samples = [said(at, 1, leader=at <= 12_000) for at in range(6000, 30_000, 200)]
    samples += [said(at + 150, 2, leader=at >= 12_000) for at in range(6000, 30_000, 200)]
    assert found(metric(reduce="max", equals=None, max=1), samples).observed == 1
    assert found(metric(reduce="min", equals=None, min=1), samples).observed == 1


@pytest.mark.parametrize("across", ["sum", "min", "max"])
def test_two_leaders_for_a_second_are_seen(across: str) -> None:
    """What lasts longer than two answers is known, however the replicas are put together."""
    samples = [said(at, 1, leader=at <= 13_000) for at in range(6000, 30_000, 200)]
    samples += [said(at + 150, 2, leader=at >= 12_000) for at in range(6000, 30_000, 200)]
    taken = found(metric(reduce="max", across=across, equals=None, max=1), samples)
    assert taken.observed == {"sum": 2, "min": 1, "max": 1}[across]


def test_one_replica_is_taken_as_it_is() -> None:
    """A peak of one answer is a peak: nobody else was asked at another instant."""
    samples = [said(at, depth=9 if at == 12_000 else 1) for at in range(6000, 30_000, 200)]
    assert found(metric("depth", reduce="max", equals=9), samples).met is True
    assert found(metric("depth", reduce="min", equals=1), samples).met is True
    assert found(metric("depth", reduce="mean", phase="during", equals=None, max=9), samples).observed == pytest.approx(
        1.16
    )


def test_series_of_one_answer_are_put_together_first() -> None:
    """The oldest of three heartbeats is their maximum, the sum adds them up."""
    samples = [
        good(at, probe="metrics:web", replica=1, detail={'age{of="a"}': 1.0, 'age{of="b"}': 3.0})
        for at in range(6000, 30_000, 200)
    ]
    assert found(metric("age", across="max", equals=3), samples).met is True
    assert found(metric("age", equals=4), samples).met is True
    assert found(metric('age{of="a"}', equals=1), samples).met is True


def test_a_metric_that_nobody_told_is_unknown() -> None:
    """No reading and no such series are told apart, and never pass."""
    nothing = found(metric(equals=0))
    assert (nothing.met, nothing.note) == (None, "the metrics of web were never read")
    other = found(metric(equals=0), [said(at, other=1) for at in range(6000, 30_000, 200)])
    assert (other.met, other.note) == (None, "web told no leader then")
    gone = [said(8000, leader=1), *(bad(at, probe="metrics:web", replica=1) for at in range(9000, 30_000, 200))]
    assert found(metric(), gone).met is None


def test_reading_metrics_is_no_health() -> None:
    """A service that tells no metrics for a while was not down, and has nothing to recover from."""
    samples = [said(at, leader=1) for at in range(6000, 30_000, 200) if not 12_000 < at < 29_000]
    samples += [bad(at, probe="metrics:web", replica=1) for at in range(12_200, 29_000, 200)]
    taken = found(Expectation(measure="recovery_seconds", max=1), samples)
    assert (taken.observed, taken.met) == (0, True)


def gap(name: str, **keys: Any) -> Expectation:
    """Ask for the largest gap of a heartbeat of `web`."""
    return Expectation(measure="max_gap", of="web", name=name, max=5, **keys)


def test_the_largest_age_is_the_gap() -> None:
    """An age is taken at its largest, in the phase that is asked for or throughout."""
    samples = [said(at, age=4.5 if at == 12_000 else 0.2) for at in range(5000, 30_000, 200)]
    assert found(gap("age"), samples).observed == 4.5
    assert found(gap("age", phase="after"), samples).observed == 0.2


def test_a_heartbeat_that_cannot_be_read_is_not_known_to_beat() -> None:
    """The silence of the service counts as a gap."""
    samples = [said(at, age=0.2) for at in range(5000, 30_000, 200) if not 12_000 < at < 19_000]
    taken = found(gap("age"), samples)
    assert (taken.observed, taken.met, taken.note) == (7.0, False, "without an answer")


def test_the_freshest_replica_decides_where_that_is_asked() -> None:
    """Of a leader and a standby that does not beat, `across` min asks the one that does, as long as it answers."""
    beating = [said(at + 1, 1, age=0.3) for at in range(5000, 30_000, 200)]
    standby = [said(at, 2, age=60.0) for at in range(5000, 30_000, 200)]
    assert found(gap("age"), beating, standby).observed == 60
    assert found(gap("age", across="min"), beating, standby).observed == 0.3
    dead = [*beating[:40], *(bad(at, probe="metrics:web", replica=1) for at in range(13_000, 30_000, 200))]
    assert found(gap("age", across="min"), dead, standby).observed == 60


def test_a_counter_is_measured_between_its_changes() -> None:
    """What counts up beats; the longest time without a change is the gap, the standby's stillness is none."""
    beats = [said(at, 1, beats_total=min(at, 12_000) if at < 16_000 else at) for at in range(5000, 30_000, 200)]
    still = [said(at + 50, 2, beats_total=7) for at in range(5000, 30_000, 200)]
    taken = found(gap("beats_total"), beats, still)
    assert (taken.observed, taken.note) == (4.0, "between two beats")
