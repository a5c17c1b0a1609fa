"""A scenario's load: judged per phase like a probe, deciding no outage."""

from typing import Any

import pytest

from chaoslab.model.history import Sample
from chaoslab.model.load import SHED
from chaoslab.model.result import FoundExpectation, ScenarioResult
from chaoslab.model.suite import Expectation, Load, StopCondition
from chaoslab.verdict.stop import breached
from unit.verdict.made import MS, START, T0, WEB, bad, between, events, good, judged, lab, planned, series, stream

BLOCK = Load(script="some.js", vus=20)
END = 30_000
HEALTHY = stream(START, END, 5)
OUTAGE = stream(START, END, 20, between(T0, T0 + 5_000), probe="load")
"""50 requests a second over 25 s, of which 5 s are refused: a fifth of all, half of those during."""


def result(*expect: Expectation, load: list[Sample] | None = None, block: Load | None = BLOCK) -> ScenarioResult:
    """Judge a scenario whose probe is always well, beside this load."""
    return judged(planned(*expect, load=block), events(end=END), series(HEALTHY, load or OUTAGE))


def found(load: list[Sample] | None = None, **ask: Any) -> FoundExpectation:
    """Judge one expectation of the load."""
    return result(Expectation(of="load", **ask), load=load).expectations[0]


def test_a_phase_shows_what_the_whole_run_hides() -> None:
    """An outage that breaks the budget of its phase would keep that of the whole run."""
    told = result(Expectation(measure="error_rate", of="load", phase="during", max=0.3))
    assert told.verdict == "FAIL"
    assert told.reasons == ("load error_rate during was 0.5 (n=500), must be at most 0.3",)
    assert told.under_load is not None
    assert told.under_load.phases["whole"].error_rate == pytest.approx(0.2, abs=0.001)
    assert told.under_load.phases["before"].errors == told.under_load.phases["after"].errors == 0
    assert told.under_load.not_accepted == {"refused": 250}


def test_load_decides_no_outage() -> None:
    """Requests that fail are no outage, no loss of work and no part of the success rate."""
    told = result(Expectation(measure="recovery_seconds", max=1))
    assert (told.verdict, told.recovery, told.outages) == ("PASS", "rode_out", ())
    assert (told.success_count, told.error_count) == (0, 0)
    assert [probe.name for probe in told.probes] == ["web"]


def test_recovery_of_the_load_may_be_asked() -> None:
    """A recovery that is expected of the load by name counts, as with every probe that only watches."""
    taken = found(
        measure="recovery_seconds", max=10, load=stream(START, END, 20, between(T0, T0 + 11_000), probe="load")
    )
    assert taken.observed == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(
    ("measure", "phase", "observed"),
    [
        ("availability", "during", 0.5),
        ("errors", "during", 250),
        ("samples", "during", 500),
        ("samples", "before", 245),
        ("p95_ms", "after", 1.0),
        ("max_ms", "during", 1.0),
        ("error_rate", "after", 0.0),
    ],
)
def test_every_measure_of_a_phase_takes_the_load(measure: str, phase: str, observed: float) -> None:
    """What is measured of probes is measured of the load."""
    taken = found(measure=measure, phase=phase, max=1, min=1)
    assert taken.observed == pytest.approx(observed, rel=0.01)


def test_what_was_shed_is_no_error() -> None:
    """A request refused as promised is neither accepted nor an error, and can be asked for by its own name."""
    load: list[Sample] = [
        *(good(T0 + 10 * n, T0 + 10 * n + 5, probe="load") for n in range(90)),
        *(bad(T0 + 10 * n, probe="load", outcome=SHED) for n in range(9)),
        bad(T0 + 50, probe="load", outcome="503"),
    ]
    told = result(
        Expectation(measure="error_rate", of="load", max=0.01),
        Expectation(measure="errors", of="load", max=1),
        Expectation(measure="status", of="load", name="shed", max=0.09),
        load=load,
    )
    assert told.verdict == "PASS", told.reasons
    assert told.under_load is not None
    during = told.under_load.phases["during"]
    assert (during.requests, during.accepted, during.shed, during.errors) == (100, 90, 9, 1)
    assert (during.p95_ms, during.per_second) == (5.0, 10.0)


def test_a_phase_without_requests_is_unknown() -> None:
    """A load that ended before the fault leaves its expectations open."""
    told = result(Expectation(measure="error_rate", of="load", max=0.01), load=[good(START + 10, probe="load")])
    assert told.verdict == "INCONCLUSIVE"
    assert told.under_load is not None
    assert told.under_load.phases["during"].error_rate is None


def test_without_a_load_block_there_are_no_numbers_of_it() -> None:
    """Only a scenario with load has them."""
    assert result(block=None).under_load is None


def test_the_course_tells_of_the_load() -> None:
    """Each phase's requests, errors and p95 stand among the transitions."""
    told = result().transitions
    assert told["load_before"] == "245 requests, 0% errors, p95 1 ms"
    assert told["load_after_held"] == "500 requests, 50% errors, p95 1 ms"


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        (StopCondition(measure="error_rate", of="load", above=0.5, for_seconds=2), 1.0),
        (StopCondition(measure="errors", of="load", above=50, for_seconds=2), 100),
        (StopCondition(measure="availability", of="load", below=0.1, for_seconds=2), 0.0),
        (StopCondition(measure="p95_ms", of="load", above=1, for_seconds=2), None),
    ],
)
def test_a_threshold_of_the_load_may_end_the_scenario(condition: StopCondition, value: float | None) -> None:
    """Stop conditions ask the newest requests."""
    now = (T0 + 3_000) * MS
    so_far = {"load": [sample for sample in OUTAGE if sample.finished_ns <= now]}
    assert breached(condition, so_far, lab(WEB), now) == (None if value is None else pytest.approx(value, abs=1))
