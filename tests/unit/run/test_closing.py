"""How the ends of a run's sessions add up."""

from chaoslab.closing import Closing
from chaoslab.errors import Interrupted, LabError

NEVER = Closing()
CLEAN = Closing(clean=True, observer={"cpu_percent_of_one_core": 4.0, "samples": 100.0, "worst_late_ms": 2.0})
LATER = Closing(clean=True, observer={"cpu_percent_of_one_core": 3.0, "samples": 50.0, "worst_late_ms": 9.0})
DIRTY = Closing(clean=False, notes=("left",))


def test_a_run_is_clean_when_every_session_was() -> None:
    """One dirty session makes the run dirty; one that never touched the lab says nothing."""
    assert NEVER.then(CLEAN).clean is True
    assert CLEAN.then(DIRTY).clean is False
    assert DIRTY.then(CLEAN).clean is False
    assert NEVER.then(NEVER).clean is None


def test_the_observers_facts_add_up() -> None:
    """Samples are summed, of shares and delays the worst counts."""
    assert CLEAN.then(LATER).observer == {"cpu_percent_of_one_core": 4.0, "samples": 150.0, "worst_late_ms": 9.0}


def test_the_first_error_stays() -> None:
    """What ended the run first decides, later notes are kept."""
    first, second = LabError("first"), Interrupted("second")
    closing = CLEAN.because(first).because(second)
    assert closing.error is first
    assert closing.notes == ("first", "second")
    assert NEVER.then(closing).then(DIRTY).error is first


def test_a_lab_that_could_not_be_put_back_is_dirty() -> None:
    """Failing to take the overlays away is said, and makes the run dirty."""
    closing = CLEAN.dirty(LabError("compose failed"))
    assert closing.clean is False
    assert closing.notes == ("compose failed",)
