"""Whether a baseline was steady, and what is said when it was not."""

from chaoslab.model.lab import Probe
from chaoslab.verdict.baseline import Window, baseline_steady
from unit.verdict.made import MS, TASKS, WEB, bad, between, lab, series, stream

WINDOW = Window(0, 5000 * MS)
EACH = Probe(name="web", service="web", port=80, each=True)


def test_all_good_is_steady() -> None:
    """Health and work samples that are all good and enough make a steady baseline."""
    samples = series(stream(0, 5000, 50), stream(0, 5000, 200, probe="tasks"))
    assert baseline_steady(samples, [WEB, TASKS], WINDOW) == (True, "")


def test_one_bad_health_sample_is_not_steady() -> None:
    """The reason names the probe, the numbers and the outcome."""
    found = baseline_steady(series(stream(0, 5000, 50, between(1000, 1040))), [WEB], WINDOW)
    assert not found.steady
    assert found.reason == "web: 1 of 100 samples were bad (refused), the first after 1000 ms"


def test_one_work_sample_in_a_hundred_may_be_bad() -> None:
    """Work is steady with 99% good samples, not with less."""
    hundred = stream(0, 5000, 50, between(1000, 1040), probe="tasks")
    assert baseline_steady(series(hundred), [TASKS], WINDOW).steady
    assert not baseline_steady(series(hundred, [bad(2010, probe="tasks")]), [TASKS], WINDOW).steady


def test_fewer_than_twenty_samples_tell_nothing() -> None:
    """Nineteen good samples are not steady, twenty are."""
    assert not baseline_steady(series(stream(0, 1900, 100)), [WEB], WINDOW).steady
    assert baseline_steady(series(stream(0, 2000, 100)), [WEB], WINDOW).steady
    assert baseline_steady({}, [WEB], WINDOW).reason == "web: 0 samples, at least 20 are needed"


def test_every_declared_replica_must_have_answered() -> None:
    """An `each` probe of a service with two replicas needs both."""
    samples = series(stream(0, 5000, 50, replica=1))
    assert baseline_steady(samples, [EACH], WINDOW, lab(EACH).services).reason == "web: 1 of 2 replicas answered"
    assert baseline_steady(samples, [EACH], WINDOW).steady


def test_one_answering_replica_is_enough_without_each() -> None:
    """A standby that answers 503 does not make a service unsteady whose leader answers."""
    samples = series(stream(0, 5000, 50, replica=1), stream(0, 5000, 50, lambda _at: True, replica=2))
    assert baseline_steady(samples, [WEB], WINDOW).steady
    assert not baseline_steady(samples, [EACH], WINDOW).steady


def test_what_lies_outside_the_window_does_not_matter() -> None:
    """A request of an earlier scenario that times out during the baseline counts where it was sent."""
    late = [bad(-9000, 500, outcome="timeout", probe="web")]
    assert baseline_steady(series(late, stream(0, 6000, 50, between(5500, 6000))), [WEB], WINDOW).steady


def test_a_slow_work_probe_needs_what_its_rate_allows() -> None:
    """At 2 Hz five seconds bring ten samples: five are enough, four are not, and one bad one is too many."""
    slow = Probe(name="login", role="work", service="web", port=80, rate_hz=2)
    assert baseline_steady(series(stream(0, 2500, 500, probe="login")), [slow], WINDOW).steady
    few = baseline_steady(series(stream(0, 2000, 500, probe="login")), [slow], WINDOW)
    assert few.reason == "login: 4 samples, at least 5 are needed"
    assert not baseline_steady(series(stream(0, 5000, 500, between(0, 1), probe="login")), [slow], WINDOW).steady


def test_a_slow_probe_that_watches_is_held_to_its_rate_as_well() -> None:
    """Readiness at 5 Hz whose recovery is expected: two seconds bring ten samples, and that is enough."""
    ready = Probe(name="ready", role="watch", service="web", port=80, rate_hz=5)
    assert baseline_steady(series(stream(0, 2000, 200, probe="ready")), [ready], Window(0, 2000 * MS)).steady
