"""The verdict on whole scenarios, from hand-made events and samples."""

import itertools
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoslab.model.history import Sample
from chaoslab.model.lab import Probe
from chaoslab.model.result import VerdictName
from chaoslab.model.suite import Expectation
from chaoslab.verdict.judge import judge_scenario, merge, not_run
from chaoslab.verdict.merge import SEVERITY
from chaoslab.verdict.record import EVENT_KINDS, by_probe
from unit.verdict.made import MS, START, TASKS, WEB, bad, between, event, events, judged, lab, planned, series, stream

ALWAYS = Expectation(measure="recovery_seconds", max=60)
VERDICTS: tuple[VerdictName, ...] = get_args(VerdictName)


def watched(down: tuple[float, float] = (0, 0), end: float = 30_000) -> dict[str, list[Sample]]:
    """Make a 200 Hz health stream of a whole scenario, down for sends in a window."""
    return series(stream(START, end, 5, between(*down)))


def test_a_scenario_that_keeps_everything_passes() -> None:
    """Proven, recovered and every expectation met: PASS, without reasons."""
    result = judged(planned(), events(), watched((10_000, 21_000)))
    assert (result.verdict, result.reasons) == ("PASS", ())
    assert result.recovery == "recovered"
    assert result.time_to_recover_ms == 1001
    assert result.error_ms == pytest.approx(6 + 2)
    assert result.longest_outage_ms == 11_001
    assert result.time_to_detect_ms == 1
    assert result.proofs[0].measured == 512
    assert result.undo[0].when == "+10.000 s"


def test_an_error_of_a_load_script_is_told_apart() -> None:
    """ERROR either way; one of a script says that it is bad input."""
    for told in ({}, {"bad_input": True}):
        result = judged(planned(), events(event("error", START + 10, text="boom", **told)), watched())
        assert (result.verdict, result.bad_input) == ("ERROR", bool(told))


def test_overhead_is_wall_time_without_windows_recovery_and_waits() -> None:
    """26 s of wall time less 18 declared, 1 waited and 6.5 of recovery leave 0.5 s."""
    result = judged(planned(), events(), watched())
    assert result.overhead_seconds == pytest.approx(0.5)


def test_a_lab_that_rode_it_out_has_no_time_to_recover_but_a_bound() -> None:
    """Without an outage since t0 the longest outage is the bound on what may have gone unseen."""
    result = judged(planned(), events(), watched())
    assert (result.verdict, result.recovery) == ("PASS", "rode_out")
    assert (result.time_to_recover_ms, result.error_ms, result.time_to_detect_ms) == (None, None, None)
    assert result.longest_outage_ms == pytest.approx(5)
    assert result.expectations[0].note == "no outage longer than 5 ms"


def test_an_outage_that_was_over_before_the_revert_took_no_time_to_recover() -> None:
    """Recovery counts from the revert; what healed while the fault was held had recovered by then."""
    result = judged(planned(), events(), watched((10_000, 12_000)))
    assert (result.recovery, result.time_to_recover_ms, result.error_ms) == ("recovered", 0, 2)


def test_one_shot_faults_count_from_their_effect() -> None:
    """Time to recover of a crash is from t0."""
    result = judged(planned(held=False), events(held=False), watched((10_000, 11_500)))
    assert result.time_to_recover_ms == 1501
    assert result.error_ms == pytest.approx(6 + 1)


def test_the_undo_of_a_one_shot_fault_is_no_revert() -> None:
    """Clean-up after a crash, however late, does not move the instant that recovery counts from."""
    cleaned = event("reverted", 28_000, fault="S-1.1", what="ensure_running", clean=True, note="")
    result = judged(planned(held=False), events(cleaned, held=False), watched((10_000, 11_500)))
    assert result.time_to_recover_ms == 1501
    assert result.undo[0].what == "ensure_running"


def test_with_held_and_one_shot_faults_the_last_one_counts() -> None:
    """A crash after a revert: recovery counts from the crash, and during lasts until recovery is shown."""
    crash = event("injected", 22_000, fault="S-1.2", type="oneshot", what="crash", held=False, waited_seconds=0.0)
    proof = event("proof", 22_001, fault="S-1.2", measured=1.0, expected="1", unit="", proven=True)
    ask = Expectation(measure="samples", of="web", phase="during", min=1)
    result = judged(planned(ask), events(crash, proof), watched((22_000, 23_000)))
    assert result.time_to_recover_ms == 1001
    assert result.expectations[0].n == pytest.approx((23_000 + 3000 - 10_000) / 5, abs=1)


@pytest.mark.parametrize("end", [15_100, 55_100])
def test_a_held_fault_that_was_never_reverted_leaves_recovery_unknown(end: int) -> None:
    """Cut short while the fault was held, however long: INCONCLUSIVE, with what was seen until then."""
    told = events(event("interrupted", end - 100, text="SIGTERM"), without=["reverted"], end=end)
    result = judged(planned(), told, watched((10_000, 99_000), end=end))
    assert (result.verdict, result.recovery) == ("INCONCLUSIVE", "unknown")
    assert result.probes[0].availability["during"] == pytest.approx(0, abs=0.01)


def test_not_recovered_within_the_deadline_fails() -> None:
    """A lab that stays down fails and says which probe."""
    result = judged(planned(), events(end=55_000), watched((10_000, 99_000), end=55_000))
    assert (result.verdict, result.recovery, result.time_to_recover_ms) == ("FAIL", "not_recovered", None)
    assert "not recovered within 30 s: web never stayed good for 3 s" in result.reasons
    assert result.outages[0].end_ms is None


def test_recovered_after_the_deadline_is_not_recovered() -> None:
    """What came back too late did not come back in time."""
    result = judged(planned(), events(end=58_000), watched((10_000, 51_000), end=58_000))
    assert (result.verdict, result.recovery) == ("FAIL", "not_recovered")


def test_a_broken_expectation_fails_with_name_and_number() -> None:
    """The reason is a sentence with the probe, the measure, the phase, the number and the bound."""
    ask = Expectation(measure="availability", of="web", phase="during", min=0.95)
    result = judged(planned(ask), events(), watched((12_000, 13_880)))
    assert result.verdict == "FAIL"
    assert result.reasons == ("web availability during was 0.8119 (n=2000), must be at least 0.95",)


def test_slow_recovery_warns_by_default() -> None:
    """Between 30 and 60 s a scenario without expectations is a WARN."""
    slow = replace(planned(), recovery_deadline_seconds=60.0)
    result = judged(slow, events(end=70_000), watched((10_000, 60_000), end=70_000))
    assert result.verdict == "WARN"
    assert result.reasons == ("recovery_seconds was 40 s (n=13000), within bounds (at most 60) but above 30",)


def test_lost_work_fails_by_default() -> None:
    """A work sample without an answer in time is lost, also one under way at t0."""
    tasks = [*stream(START, 30_000, 100, probe="tasks"), bad(9_950, 19_950, probe="tasks", outcome="timeout")]
    result = judged(planned(), events(), series(stream(START, 30_000, 5), tasks), WEB, TASKS)
    assert result.verdict == "FAIL"
    assert result.reasons == ("lost was 1 (n=201), must be at most 0",)


def test_without_work_probes_nothing_can_be_lost() -> None:
    """The default expectations ask only what the lab can answer."""
    assert [found.measure for found in judged(planned(), events(), watched()).expectations] == ["recovery_seconds"]


def test_a_fault_that_was_not_proven_is_inconclusive() -> None:
    """The reason carries the number, the range and the fault."""
    result = judged(planned(), events(proven=False), watched())
    assert result.verdict == "INCONCLUSIVE"
    assert result.reasons == ("S-1.1 was not proven: measured 512 ms, expected 400..600",)


def test_a_proof_that_was_never_taken_is_inconclusive() -> None:
    """No proof is no pass."""
    result = judged(planned(), events(without=["proof"]), watched())
    assert result.verdict == "INCONCLUSIVE"
    assert "no proof was taken" in result.reasons[0]


def test_a_failure_outranks_a_missing_proof() -> None:
    """FAIL whatever else is unknown, with both reasons."""
    ask = Expectation(measure="availability", of="web", min=0.95)
    result = judged(planned(ask), events(proven=False), watched((12_000, 14_000)))
    assert result.verdict == "FAIL"
    assert len(result.reasons) == 2
    assert "availability" in result.reasons[0]


def test_an_unsteady_baseline_is_inconclusive_and_judges_nothing_else() -> None:
    """Nothing was injected, so nothing is expected."""
    told = [
        event("scenario_started", START, suite="suite"),
        event("baseline_started", START),
        event("baseline_ended", 9_900, steady=False, reason="web: 3 of 100 samples were bad"),
        event("observing_ended", 9_950),
    ]
    result = judged(planned(ALWAYS), told, watched((6000, 6015), end=9_900))
    assert result.verdict == "INCONCLUSIVE"
    assert result.reasons == ("baseline was not steady: web: 3 of 100 samples were bad",)
    assert (result.expectations, result.outages, result.recovery) == ((), (), "unknown")


@pytest.mark.parametrize(
    ("status", "verdict"), [("skipped", "SKIPPED"), ("not_provable", "INCONCLUSIVE"), ("error", "ERROR")]
)
def test_a_fault_that_was_not_injected_says_why(status: str, verdict: str) -> None:
    """Its status decides the verdict, also when the baseline was not even over."""
    told = [
        event("scenario_started", START, suite="suite"),
        event("baseline_started", START),
        event("not_injected", 6000, fault="S-1.1", status=status, reason="no netem here"),
        event("observing_ended", 6001),
    ]
    result = judged(planned(ALWAYS), told, watched(end=6000))
    assert (result.verdict, result.reasons) == (verdict, ("S-1.1 was not injected: no netem here",))


def test_no_samples_for_an_expectation_is_inconclusive() -> None:
    """An expectation that nothing was measured for is neither met nor broken."""
    ask = Expectation(measure="p95_ms", of="tasks", max=100)
    result = judged(planned(ask), events(), watched(), WEB, TASKS)
    assert (result.verdict, result.expectations[0].met) == ("INCONCLUSIVE", None)
    assert result.reasons == ("tasks p95_ms during could not be measured: no good samples",)


def test_no_samples_at_all_is_inconclusive() -> None:
    """A lab that nobody watched has not passed."""
    assert judged(planned(), events(), {}).verdict == "INCONCLUSIVE"


def test_errors_aborts_and_interruptions_say_so() -> None:
    """A harness failure is an ERROR, a stop condition a FAIL, an interruption INCONCLUSIVE; each with its text."""
    error = judged(
        planned(),
        events(event("error", 21_000, text="docker is gone"), without=["observing_ended"]),
        watched(end=21_000),
    )
    assert (error.verdict, error.reasons) == (
        "ERROR",
        ("docker is gone", "recovery_seconds could not be measured: no samples"),
    )
    aborted = judged(
        planned(),
        events(event("aborted", 20_500, measure="availability", of="web", observed=0.01), end=20_600),
        watched(),
    )
    assert aborted.verdict == "FAIL"
    assert aborted.reasons[0] == "stopped by abort_when: web availability was 0.01"
    stopped = judged(planned(), events(event("interrupted", 20_500, text="SIGINT"), end=20_600), watched())
    assert (stopped.verdict, stopped.reasons[0]) == ("INCONCLUSIVE", "interrupted: SIGINT")


def test_what_was_never_started_is_not_run() -> None:
    """No event, no verdict."""
    assert judged(planned(), [], {}) == not_run(planned())
    assert not_run(planned()).verdict == "NOT RUN"


def test_only_the_newest_attempt_is_judged() -> None:
    """An earlier attempt of the same scenario in the same history does not matter."""
    old = [event("scenario_started", 0, suite="suite"), event("error", 10, text="old")]
    assert judged(planned(), [*old, *events()], watched()).verdict == "PASS"


def test_other_scenarios_events_do_not_matter() -> None:
    """Events are told apart by the scenario they carry."""
    other = [one.__class__(one.at_ns, one.kind, "S-2", one.data) for one in events(event("error", 12_000, text="no"))]
    assert judged(planned(), [*other, *events(), *other], watched()).verdict == "PASS"


def test_clean_that_was_not_proven_is_noted() -> None:
    """It does not change the verdict, but it is told; so is an undo that left something."""
    unclean = event(
        "proof_clean", 25_000, fault="S-1.1", measured=3.0, expected="0", unit="ms", proven=False, detail="late"
    )
    dirty = event("left_dirty", 25_100, where="web[1]", what="paused")
    result = judged(planned(), events(unclean, dirty), watched())
    assert result.verdict == "PASS"
    assert result.notes == ("S-1.1: that the fault is gone was not proven (late)", "left dirty: web[1]: paused")


def test_each_probe_outages_are_listed_from_t0_on() -> None:
    """Outages are in ms since t0; what was over before t0 is left out."""
    each = Probe(name="web", service="web", port=80, each=True)
    samples = series(
        stream(START, 30_000, 5, between(12_000, 13_000), replica=1),
        stream(START, 30_000, 5, between(6000, 6010), replica=2),
    )
    [outage] = judged(planned(), events(), samples, each).outages
    assert (outage.start_ms, outage.end_ms, outage.length_ms) == (2000, 3001, 1001)
    assert outage.error_ms == pytest.approx(5 + 1 + 6)


def test_probe_numbers_are_given_per_phase() -> None:
    """Availability, latencies and counts of bad samples by outcome."""
    [probe] = judged(planned(), events(), watched((10_000, 15_000))).probes
    assert probe.availability == {"before": 1, "during": pytest.approx(0.4999), "after": 1}
    assert probe.p95_ms["after"] == 1
    assert probe.bad == {"refused": 1000}


@given(st.lists(st.sampled_from(VERDICTS), max_size=6))
def test_merging_does_not_depend_on_order_and_fail_dominates(verdicts: list[VerdictName]) -> None:
    """Any order gives the same verdict, one of those given; a FAIL among them decides."""
    merged = {merge(order) for order in itertools.islice(itertools.permutations(verdicts), 50)}
    assert len(merged) == 1
    assert merged <= {*verdicts, "PASS"}
    assert ("FAIL" in verdicts) == (merged == {"FAIL"})


@given(st.lists(st.sampled_from(VERDICTS)), st.lists(st.sampled_from(VERDICTS)))
def test_merging_in_parts_is_merging_at_once(one: list[VerdictName], other: list[VerdictName]) -> None:
    """Merging is associative."""
    assert merge([merge(one), merge(other)]) == merge([*one, *other])


def test_every_verdict_has_its_place() -> None:
    """The order of severity knows each verdict once."""
    assert sorted(SEVERITY) == sorted(VERDICTS)


def test_the_judge_gives_the_same_again() -> None:
    """Judging is a pure function: the same history gives the same result, and leaves it as it was."""
    told, samples = events(), watched((10_000, 12_000))
    before = (list(told), {name: list(one) for name, one in samples.items()})
    assert judge_scenario(planned(), lab(WEB), told, samples) == judge_scenario(planned(), lab(WEB), told, samples)
    assert (told, samples) == before


def test_the_made_events_use_known_kinds() -> None:
    """The tests speak of no event that the documentation does not list."""
    assert {one.kind for one in events()} <= set(EVENT_KINDS)
    assert MS == 1_000_000


def test_deadline_passed_decides_when_the_time_alone_does_not() -> None:
    """The spine gave up: not recovered, even if its deadline was shorter than the plan's."""
    gave_up = event("deadline_passed", 25_000)
    assert judged(planned(), events(gave_up, end=25_000), watched((10_000, 99_000), end=25_000)).verdict == "FAIL"


def test_a_scenario_that_ended_early_says_where() -> None:
    """Without an error or an interruption on record, the gap itself is named."""
    told = [event("scenario_started", START, suite="suite"), event("baseline_started", START)]
    assert judged(planned(), told, {}).reasons == ("ended before its baseline did",)
    told.append(event("baseline_ended", 9_900, steady=True, reason=""))
    assert judged(planned(), told, {}).reasons == ("ended before any fault was injected",)


def test_a_flat_list_of_samples_is_grouped_by_probe() -> None:
    """A stored run's samples come in one list."""
    samples = [*stream(0, 100, 50), *stream(0, 100, 50, probe="tasks")]
    assert by_probe(samples) == series(samples)
