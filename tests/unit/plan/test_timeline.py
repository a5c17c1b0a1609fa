"""Profiles: holds, baselines and starts; the order of faults and their overlaps survive the quick profile."""

from hypothesis import given, settings
from hypothesis import strategies as st

from chaoslab.model.suite import FaultSpec, Scenario
from chaoslab.plan.timeline import QUICK_HOLD_SECONDS, windows
from unit.parse.words import CrashSpec, HangSpec


def scenario(*faults: FaultSpec, baseline: float = 5.0, stable: float = 3.0) -> Scenario:
    """Make a scenario of these faults."""
    return Scenario(id="T", name="t", faults=faults, baseline_seconds=baseline, stable_seconds=stable)


def hang(at: float, hold: float) -> HangSpec:
    """Make a held fault."""
    return HangSpec(target="w", at_seconds=at, for_seconds=hold)


def test_full_is_the_file() -> None:
    """The full profile changes nothing; steps come in order of time and keep the numbers of the file."""
    planned = windows(scenario(CrashSpec(target="w", at_seconds=9), hang(1, 60), baseline=7, stable=4), "full")
    assert (planned.baseline_seconds, planned.stable_seconds) == (7, 4)
    assert [(step.fault_id, step.at_seconds, step.hold_seconds) for step in planned.steps] == [
        ("T.2", 1, 60),
        ("T.1", 9, 0),
    ]


def test_quick_caps() -> None:
    """The quick profile holds for 5 s, with 2 s of baseline and stability; shorter windows stay."""
    planned = windows(scenario(hang(0, 60)), "quick")
    assert (planned.baseline_seconds, planned.stable_seconds, planned.steps[0].hold_seconds) == (2, 2, 5)
    short = windows(scenario(hang(0, 3), baseline=1, stable=0.5), "quick")
    assert (short.baseline_seconds, short.stable_seconds, short.steps[0].hold_seconds) == (1, 0.5, 3)


def test_quick_keeps_what_a_claim_takes() -> None:
    """`least_seconds` is never capped, and never prolongs what the file holds."""
    failover = HangSpec(target="w", for_seconds=60, least_seconds=12)
    assert [windows(scenario(failover), profile).steps[0].hold_seconds for profile in ("quick", "full")] == [12, 60]
    planned = windows(scenario(failover, hang(0, 60), hang(70, 20)), "quick")
    assert [(step.at_seconds, step.hold_seconds) for step in planned.steps] == [(0, 12), (0, 5), (12, 5)]


def test_a_crash_in_the_middle_of_a_hang_stays_there() -> None:
    """Starts shrink by the factor of the longest hold: 5 s into 20 s becomes 1.25 s into 5 s."""
    planned = windows(scenario(hang(0, 20), CrashSpec(target="w", at_seconds=5)), "quick")
    assert [(step.at_seconds, step.hold_seconds) for step in planned.steps] == [(0, 5), (1.25, 0)]


def test_faults_after_one_another_stay_so() -> None:
    """A fault that began after another had ended does so in the quick profile too."""
    planned = windows(scenario(hang(0, 10), hang(12, 60)), "quick")
    assert [(step.at_seconds, step.hold_seconds) for step in planned.steps] == [(0, 5), (5, 5)]


def test_one_shot_faults_keep_their_starts() -> None:
    """Without a held fault there is nothing to shrink."""
    planned = windows(scenario(CrashSpec(target="w", at_seconds=8)), "quick")
    assert planned.steps[0].at_seconds == 8


TIMES = st.floats(0, 120).map(lambda seconds: round(seconds, 1))
FAULTS = st.lists(
    st.builds(hang, TIMES, TIMES.filter(bool)) | st.builds(lambda at: CrashSpec(target="w", at_seconds=at), TIMES),
    min_size=1,
    max_size=5,
)


@settings(deadline=None)
@given(FAULTS)
def test_order_is_kept(faults: list[FaultSpec]) -> None:
    """In the quick profile nothing is held longer than 5 s, starts keep their order, and what was apart stays apart."""
    full = windows(scenario(*faults), "full").steps
    quick = windows(scenario(*faults), "quick").steps
    assert [step.fault_id for step in quick] == [step.fault_id for step in full]
    assert all(step.hold_seconds <= QUICK_HOLD_SECONDS for step in quick)
    starts = [step.at_seconds for step in quick]
    assert starts == sorted(starts)
    for first, first_quick in zip(full, quick, strict=True):
        for second, second_quick in zip(full, quick, strict=True):
            if first.end_seconds <= second.at_seconds and first is not second:
                assert first_quick.end_seconds <= second_quick.at_seconds


@settings(deadline=None)
@given(FAULTS.filter(lambda faults: len(faults) == 2))
def test_overlap_of_two_is_kept(faults: list[FaultSpec]) -> None:
    """Two faults of which one began while the other was held still overlap in the quick profile."""
    first, second = windows(scenario(*faults), "full").steps
    first_quick, second_quick = windows(scenario(*faults), "quick").steps
    if first.end_seconds > second.at_seconds:
        assert first_quick.end_seconds > second_quick.at_seconds
