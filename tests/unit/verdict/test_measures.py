"""Each measure of the catalogue, on hand-made samples."""

import pytest

from chaoslab.model.history import Sample
from chaoslab.model.result import FoundExpectation
from chaoslab.model.suite import Expectation
from chaoslab.verdict.expectations import number, samples_for
from chaoslab.verdict.measures import MEASURES, measure_specs, percentile
from unit.verdict.made import START, TASKS, WEB, bad, between, event, events, good, judged, planned, series, stream


def found(ask: Expectation, *samples: list[Sample], held: bool = True, end: float = 30_000) -> FoundExpectation:
    """Judge one expectation on a lab with the probes `web` and `tasks`."""
    told = events(
        event("replicas", START, phase="before", restarts={"web[1]": 1, "web[2]": 0, "webby[1]": 0}),
        event("replicas", end, phase="after", restarts={"web[1]": 3, "web[2]": 1, "webby[1]": 9}),
        held=held,
        end=end,
    )
    plan = planned(ask, held=held)
    [expectation] = judged(plan, told, series(*samples), WEB, TASKS).expectations
    return expectation


HEALTHY = stream(START, 30_000, 5)


def test_availability_is_the_share_of_time() -> None:
    """A second down of the ten of the phase is 0.9, whatever the rate of the samples was meanwhile."""
    slow_then_fast = [
        *stream(START, 12_000, 500),
        *stream(12_000, 13_000, 5, lambda _at: True),
        *stream(13_000, 30_000, 500),
    ]
    taken = found(Expectation(measure="availability", of="web", min=0.9), slow_then_fast)
    assert taken.observed == pytest.approx(0.8999)
    assert taken.phase == "during"


@pytest.mark.parametrize(("bad_ones", "met"), [(0, True), (1, False)])
def test_with_few_samples_no_bad_one_is_allowed(bad_ones: int, *, met: bool) -> None:
    """0.95 needs twenty samples before a bad one can be afforded; with ten a short outage is still too much."""
    tasks = stream(START, 30_000, 1000, between(12_000, 12_000 + bad_ones), probe="tasks")
    quick_good = [good(12_010, probe="tasks")]
    taken = found(Expectation(measure="availability", of="tasks", min=0.8), HEALTHY, tasks, quick_good)
    assert (taken.met, taken.n) == (True, 11)
    strict = found(Expectation(measure="availability", of="tasks", min=0.95), HEALTHY, tasks, quick_good)
    assert (strict.met, strict.n) == (met, 11)


def test_exactly_enough_samples_may_afford_a_bad_one() -> None:
    """Twenty samples are enough for 0.95, in spite of floating point; for 1 no number is."""
    assert 19 < samples_for(0.95) <= 20
    assert samples_for(1) == float("inf")


def test_latencies_are_of_good_samples_by_nearest_rank() -> None:
    """Percentiles leave bad samples out and give a latency that really occurred."""
    tasks = [good(11_000 + 10 * rank, 11_000 + 11 * rank, probe="tasks") for rank in range(1, 101)]
    tasks.append(bad(13_000, 19_000, probe="tasks"))
    for measure, value in {"p50_ms": 50, "p95_ms": 95, "p99_ms": 99, "max_ms": 100}.items():
        taken = found(Expectation(measure=measure, of="tasks", max=1), HEALTHY, tasks)
        assert taken.observed == pytest.approx(value)
        assert taken.n == 100


def test_percentile_of_nothing_and_of_one() -> None:
    """Nothing has no percentile; one value is all of them."""
    assert percentile([], 50) is None
    assert {percentile([7.0], percent) for percent in (0, 1, 50, 100)} == {7.0}


def test_counts_of_samples_errors_and_statuses() -> None:
    """Errors are bad samples, status is the share of one outcome, samples counts all of the phase."""
    tasks = [
        *(bad(11_000 + at, probe="tasks", outcome="507") for at in range(0, 300, 100)),
        *(good(11_300 + at, probe="tasks") for at in range(0, 700, 100)),
    ]
    assert found(Expectation(measure="errors", of="tasks", max=0), HEALTHY, tasks).observed == 3
    assert found(Expectation(measure="samples", of="tasks", min=10), HEALTHY, tasks).observed == 10
    assert found(Expectation(measure="status", of="tasks", name="507", min=0.3), HEALTHY, tasks).observed == 0.3
    assert found(Expectation(measure="errors", of="tasks", phase="after", max=0), HEALTHY, tasks).met is None


def test_distinct_counts_captured_values_after_recovery() -> None:
    """Workers that finish tasks again are counted once each; bad samples and missing values are not."""
    tasks = [good(21_000 + 100 * n, probe="tasks", detail=f"worker-{n % 3}") for n in range(30)]
    tasks += [good(24_500, probe="tasks"), bad(24_600, probe="tasks")]
    taken = found(Expectation(measure="distinct", of="tasks", min=3), HEALTHY, tasks)
    assert (taken.observed, taken.phase, taken.note) == (3, "after", "worker-0, worker-1, worker-2")


def test_lost_counts_only_timeouts_of_work() -> None:
    """A refused task is an answer, a health probe is no work, what timed out before t0 is not this fault's."""
    tasks = [
        *stream(START, 30_000, 100, probe="tasks"),
        bad(START + 10, 9_000, probe="tasks", outcome="timeout"),
        bad(12_010, 12_020, probe="tasks"),
        bad(12_030, 22_030, probe="tasks", outcome="timeout"),
    ]
    health = [*HEALTHY, bad(12_002, 13_000, outcome="timeout")]
    assert found(Expectation(measure="lost", max=0), health, tasks).observed == 1
    assert found(Expectation(measure="lost", of="tasks", max=1), health, tasks).met is True
    assert found(Expectation(measure="lost", max=0), HEALTHY).met is None


def test_restarts_are_summed_over_the_service() -> None:
    """The growth of the counts of this service's replicas, not of one whose name begins alike."""
    taken = found(Expectation(measure="restarts", of="web", max=2), HEALTHY)
    assert (taken.observed, taken.n, taken.met) == (3, 2, False)
    assert found(Expectation(measure="restarts", of="redis", max=2), HEALTHY).met is None


def test_recovery_of_one_probe_or_of_the_worst() -> None:
    """`of` asks one probe; without it the worst decides."""
    tasks = stream(START, 30_000, 100, between(10_000, 24_000), probe="tasks")
    health = stream(START, 30_000, 5, between(10_000, 21_000))
    assert found(Expectation(measure="recovery_seconds", of="web", max=2), health, tasks).observed == 1.001
    worst = found(Expectation(measure="recovery_seconds", max=2), health, tasks)
    assert (worst.observed, worst.met) == (4.001, False)


def test_a_probe_that_did_not_recover_breaks_its_bound() -> None:
    """Not recovered is known to be too long, though there is no number."""
    taken = found(
        Expectation(measure="recovery_seconds", max=100), stream(START, 55_000, 5, between(10_000, 99_000)), end=55_000
    )
    assert (taken.observed, taken.met, taken.note) == (None, False, "not recovered after 35.0 s")


def test_longest_outage_and_detection() -> None:
    """The longest of several outages; detection ends with the first bad answer, a time-out being slow to tell."""
    health = [*stream(START, 12_000, 5), bad(12_000, 13_000), *stream(12_050, 30_000, 5, between(15_000, 17_000))]
    assert found(Expectation(measure="longest_outage_seconds", max=1), health).observed == pytest.approx(2.001)
    assert found(Expectation(measure="detect_seconds", max=5), health).observed == 3.0
    assert found(Expectation(measure="longest_outage_seconds", max=1), HEALTHY).observed == 0
    assert found(Expectation(measure="detect_seconds", max=5), HEALTHY).met is None


def test_during_a_one_shot_fault_lasts_until_recovery_is_shown() -> None:
    """From t0 to three stable seconds after the recovered instant."""
    health = stream(START, 30_000, 5, between(10_000, 12_000))
    taken = found(Expectation(measure="samples", of="web", min=1), health, held=False)
    assert taken.n == pytest.approx((2000 + 3000) / 5, abs=1)


def test_equals_min_and_max_are_judged_with_a_tolerance() -> None:
    """A quotient that should be the bound is the bound."""
    tasks = [good(11_000 + 100 * n, probe="tasks") for n in range(10)]
    assert found(Expectation(measure="status", of="tasks", name="200", equals=1), HEALTHY, tasks).met is True
    assert found(Expectation(measure="samples", of="tasks", equals=9), HEALTHY, tasks).met is False
    assert found(Expectation(measure="samples", of="tasks", min=1, max=9), HEALTHY, tasks).met is False


@pytest.mark.parametrize(("value", "text"), [(0.95, "0.95"), (0.81237, "0.8124"), (60.0, "60"), (1234.56, "1234.6")])
def test_numbers_are_written_shortly(value: float, text: str) -> None:
    """No more digits than a reader needs."""
    assert number(value) == text


def test_the_catalogue_is_consistent() -> None:
    """Each entry bears its own name, a sentence, a unit that the parser knows, and a default among its phases."""
    for name, spec in measure_specs().items():
        assert name == spec.name == MEASURES[name].spec.name
        assert spec.doc.endswith(".")
        assert spec.unit in {"1", "share", "s", "ms"}
        assert spec.phases or spec.default_phase is None
        assert spec.default_phase is None or spec.default_phase in spec.phases
