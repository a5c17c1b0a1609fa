"""A suite's summary: times to recover, success, objectives, score, and recommendations that say why."""

from typing import Any

import pytest

from chaoslab.model.result import FoundExpectation, FoundProof, ScenarioResult
from chaoslab.model.suite import Slo
from chaoslab.verdict.measures import MEASURES
from chaoslab.verdict.summary import MECHANISMS, WEIGHTS, recommendations, score, strictest, summaries, summary


def result(id: str = "A-1", verdict: str = "PASS", **keys: Any) -> ScenarioResult:  # noqa: A002 - the field's name
    """Make a result that recovered in 10 s and served 999 of 1000."""
    filled: dict[str, Any] = {"recovery": "recovered", "mttr": 10.0, "success_count": 999, "error_count": 1, **keys}
    return ScenarioResult.model_validate(
        {"suite": "s", "id": id, "name": "n", "verdict": verdict, "reasons": (), **filled}
    )


def expectation(**keys: Any) -> FoundExpectation:
    """Make a broken expectation."""
    filled = {
        "measure": "lost",
        "of": "orders",
        "phase": None,
        "observed": 3,
        "bound": "at most 0",
        "n": 9,
        "met": False,
    }
    return FoundExpectation(**{**filled, **keys})


PROOF = FoundProof(fault="A-1.1", injected="stop redis", measured=1, expected="", unit="", proven=True)


def test_times_to_recover_are_of_what_recovered() -> None:
    """What rode it out has none, and counts for nothing in mean, longest and shortest."""
    found = summary("s", [result(), result(mttr=30.0), result(recovery="rode_out", mttr=None)], Slo())
    assert (found.mttr_mean_seconds, found.mttr_max_seconds, found.mttr_min_seconds) == (20, 30, 10)
    assert (found.recovered, found.scenarios, found.passed) == (2, 3, 3)


def test_success_is_of_all_work_together() -> None:
    """Counts are added up before they are divided."""
    found = summary("s", [result(), result(success_count=1, error_count=99)], Slo())
    assert (found.success_count, found.error_count) == (1000, 100)
    assert found.success_rate == pytest.approx(1000 / 1100)


def test_objectives_are_met_missed_or_unknown() -> None:
    """Each row has its own bound, 120 s, 300 s and 99.9% unless the suite sets others."""
    assert [row.met for row in summary("s", [result()], Slo()).slo] == [True, True, True]
    strict = Slo(mttr_mean_seconds=5, mttr_max_seconds=9, success_rate=1)
    assert [row.met for row in summary("s", [result()], strict).slo] == [False, False, False]
    idle = result(recovery="rode_out", mttr=None, success_count=0, error_count=0)
    assert [row.met for row in summary("s", [idle], Slo()).slo] == [None, None, None]
    assert [row.bound for row in summary("s", [idle], Slo()).slo] == ["at most 120", "at most 300", "at least 99.9%"]


def test_what_never_recovered_breaks_both_times() -> None:
    """It has no number, and is worse than any."""
    found = summary("s", [result(), result(verdict="FAIL", recovery="not_recovered", mttr=None)], Slo())
    assert [row.met for row in found.slo] == [False, False, True]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([result(recovery="rode_out", mttr=None)], 100.0),
        ([result(mttr=150.0)], 85.0),
        ([result(verdict="FAIL", recovery="not_recovered", mttr=None)], 30.0),
        ([result(verdict="WARN", recovery="unknown", mttr=None)], 71.4),
        ([result(verdict="INCONCLUSIVE"), result(verdict="SKIPPED")], None),
        ([], None),
    ],
)
def test_the_score_weighs_verdicts_recovery_and_success(results: list[ScenarioResult], expected: float | None) -> None:
    """40, 30 and 30 of a hundred; what is unknown leaves the sum, and nothing judged has no score."""
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert score(results, 1.0, Slo()) == expected


def test_the_run_is_held_to_the_strictest_of_its_suites() -> None:
    """Every suite has its own summary; the whole is measured by all of their objectives."""
    slos = {"s": Slo(mttr_mean_seconds=5), "t": Slo(success_rate=0.5)}
    whole, each = summaries([result(), result(suite="t"), result("A-2")], slos)
    assert [(one.suite, one.scenarios) for one in each] == [("s", 2), ("t", 1)]
    assert (whole.suite, whole.scenarios) == ("", 3)
    assert [row.bound for row in whole.slo] == ["at most 5", "at most 300", "at least 99.9%"]
    assert strictest([]) == Slo()


def test_a_recommendation_names_scenario_number_and_mechanism() -> None:
    """What broke is said with what was injected; what only came close is said as well."""
    broken = result(
        "DO-1",
        "FAIL",
        proofs=(PROOF,),
        expectations=(expectation(), expectation(measure="p95_ms", met=True, warn=True)),
    )
    first, second = recommendations([broken], ())
    assert first == f"DO-1: under stop redis, orders lost was 3 (must be at most 0): add {MECHANISMS['lost']}"
    assert second.startswith("DO-1: orders p95_ms was 3 is close to its bound")


def test_what_repeats_say_is_said_once_with_a_count() -> None:
    """The number is the first repeat's; another bound, another scenario and a thing of its own are other advice."""
    found, other = expectation(), expectation(measure="p95_ms")
    repeated = [result(f"DO-1#{number}", "FAIL", expectations=(found,)) for number in range(1, 20)]
    repeated[0] = result("DO-1#1", "FAIL", expectations=(expectation(observed=7.0),))
    repeated[3] = result("DO-1#4", "FAIL", expectations=(found, other))
    repeated += [result("DO-1#20"), result("DO-2#1", "INCONCLUSIVE", reasons=("why",)), result("DO-2#2")]
    told = list(recommendations(repeated, ()))
    assert [text.partition(" (must")[0] for text in told[:2]] == [
        "DO-1: under its faults, orders lost was 7",
        "DO-1: under its faults, orders p95_ms was 3",
    ]
    assert told[0].endswith(" (in 19 of 20 repeats)")
    assert told[1].endswith(" (in 1 of 20 repeats)")
    assert told[2:] == ["DO-2: nothing is known yet: why (in 1 of 2 repeats)"]


def test_a_scenario_that_did_not_recover_is_named_once() -> None:
    """Either its own expectation says so, or the recovery does."""
    lost = result("DO-2", "FAIL", recovery="not_recovered", mttr=None, proofs=(PROOF,))
    assert len(list(recommendations([lost], ()))) == 1
    told = expectation(measure="recovery_seconds", of=None, observed=None, note="not recovered after 9.0 s")
    [text] = recommendations([lost.model_copy(update={"expectations": (told,)})], ())
    assert "recovery_seconds was not recovered after 9.0 s" in text


def test_a_missed_objective_names_the_worst_scenario() -> None:
    """The slowest for the times, the one with most errors for the success rate."""
    results = [
        result("DO-1"),
        result("DO-2", mttr=400.0, error_count=50),
        result("DO-3", "INCONCLUSIVE", reasons=("why",)),
    ]
    text = "\n".join(summary("s", results, Slo()).recommendations)
    assert "average MTTR was 140 s (at most 120 s), the slowest was DO-2 with 400 s" in text
    assert "DO-2 alone brought 50 of the errors" in text
    assert "DO-3: nothing is known yet: why" in text


def test_every_measure_has_a_mechanism() -> None:
    """No broken bound is left without advice, and no advice is for a measure that does not exist."""
    assert set(MECHANISMS) == set(MEASURES)
