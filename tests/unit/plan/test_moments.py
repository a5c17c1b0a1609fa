"""When steps happen: as planned, and when every injection waits as long as it may."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from chaoslab.model.plan import Step
from chaoslab.model.suite import FaultSpec
from chaoslab.plan.moments import Moment, moments
from unit.parse.words import CrashSpec, HangSpec

HANG = HangSpec(target="w", for_seconds=5)
TERM = CrashSpec(target="w", signal="SIGTERM", timeout_seconds=5)
"""It may take 5 s besides the second that every call may."""


def step(name: str, fault: FaultSpec, at: float, hold: float = 0.0) -> Step:
    """Put a fault on the timeline."""
    return Step(name, fault, at, hold)


def told(steps: Sequence[Step]) -> list[tuple[str, str, float, float]]:
    """List moments in short."""

    def short(one: Moment) -> tuple[str, str, float, float]:
        return one.action, one.step.fault_id if one.step else "", one.at_seconds, one.if_held_up_seconds

    return [short(one) for one in moments(steps)]


def test_a_blocking_step_holds_back_the_revert_after_it() -> None:
    """A hang from 0 to 5 s is reverted only when the SIGTERM at 1.25 s has had its 5 s; recovery begins no sooner."""
    assert told([step("a", HANG, 0, 5), step("b", TERM, 1.25)]) == [
        ("inject", "a", 0, 0),
        ("inject", "b", 1.25, 1.25),
        ("revert", "a", 5, 6.25),
        ("recovery", "", 5, 6.25),
    ]


def test_what_was_waited_for_moves_later_injections() -> None:
    """The second SIGTERM keeps its distance from the first one's end, as the experiment keeps it."""
    assert told([step("a", TERM, 0), step("b", TERM, 2)]) == [
        ("inject", "a", 0, 0),
        ("inject", "b", 2, 7),
        ("recovery", "", 2, 12),
    ]


def test_a_revert_that_the_delay_does_not_reach_stays() -> None:
    """A hold that lasts longer than the step in it is reverted on time."""
    assert told([step("a", HANG, 0, 20), step("b", TERM, 1)])[2:] == [("revert", "a", 20, 20), ("recovery", "", 20, 20)]


TIMES = st.floats(0, 60).map(lambda seconds: round(seconds, 1))
STEPS = st.lists(
    st.tuples(st.just(HANG), TIMES, TIMES) | st.tuples(st.just(TERM), TIMES, st.just(0.0)), min_size=1, max_size=5
).map(lambda rows: [step(str(index), *row) for index, row in enumerate(rows)])


@settings(deadline=None)
@given(STEPS)
def test_what_is_held_up_comes_later_and_within_the_worst_case(steps: list[Step]) -> None:
    """Injections and reverts are at their planned instants, or later if they are held up, and within the plan's own bound."""
    planned = {("inject", one.fault_id): one.at_seconds for one in steps}
    planned |= {("revert", one.fault_id): one.end_seconds for one in steps if one.fault.held}
    found = told(steps)
    assert {(action, fault_id): at for action, fault_id, at, _ in found if fault_id} == planned
    assert all(at <= held_up for *_, at, held_up in found)
    bound = max(one.end_seconds for one in steps) + sum(one.fault.longest_wait_seconds() for one in steps)
    assert max(held_up for *_, held_up in found) <= bound
