"""When the lab has recovered, as the spine asks it live."""

from itertools import pairwise

from chaoslab.model.history import Sample
from chaoslab.model.lab import Probe
from chaoslab.verdict import recovery
from chaoslab.verdict.recovery import recovered_at
from unit.verdict.made import MS, TASKS, WEB, bad, between, series, stream

STABLE = 3000 * MS


class Counted(list[Sample]):
    """A series that counts how many of its samples are looked at one by one or in slices."""

    looked = 0

    def __getitem__(self, index):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN204
        """Count what is taken."""
        found = super().__getitem__(index)
        self.looked += len(found) if isinstance(index, slice) else 1
        return found


def test_recovered_is_the_first_good_sample_of_the_stable_run() -> None:
    """The run must last; a short good run in between does not count."""
    samples = series(stream(0, 10_000, 5, lambda at: at < 1000 or 2000 <= at < 2500))
    assert recovered_at(samples, [WEB], 0, STABLE) == 2501 * MS


def test_not_recovered_before_the_run_has_lasted() -> None:
    """One sample too few is not enough."""
    down = between(0, 1000)
    assert recovered_at(series(stream(0, 3995, 5, down)), [WEB], 0, STABLE) is None
    assert recovered_at(series(stream(0, 4010, 5, down)), [WEB], 0, STABLE) == 1001 * MS


def test_a_lab_that_never_was_down_is_recovered_at_once() -> None:
    """Without an outage the instant is the one asked from, once it was stable for long enough since then."""
    samples = series(stream(0, 5000, 5))
    assert recovered_at(samples, [WEB], 1000 * MS, STABLE) == 1000 * MS
    assert recovered_at(samples, [WEB], 3000 * MS, STABLE) is None


def test_the_worst_probe_decides() -> None:
    """All probes must be good at once, for the whole stable time."""
    web, tasks = stream(0, 9000, 5, between(0, 1000)), stream(0, 9000, 200, between(0, 4000), probe="tasks")
    assert recovered_at(series(web, tasks), [WEB, TASKS], 0, STABLE) == 4001 * MS


def test_a_flapping_probe_keeps_the_lab_from_having_recovered() -> None:
    """A probe that was stable once and flaps again takes the others' recovery with it."""
    web = stream(0, 20_000, 5, lambda at: at > 5000 and at % 2000 < 500)
    tasks = stream(0, 20_000, 200, between(0, 6000), probe="tasks")
    assert recovered_at(series(web, tasks), [WEB, TASKS], 0, STABLE) is None


def test_a_probe_without_samples_has_not_recovered() -> None:
    """Silence is no health."""
    assert recovered_at(series(stream(0, 9000, 5)), [WEB, TASKS], 0, STABLE) is None
    assert recovered_at({}, [], 0, STABLE) is None


def test_a_silent_replica_has_not_recovered() -> None:
    """With `each`, a replica that no sample comes from any more holds recovery back."""
    each = Probe(name="web", service="web", port=80, each=True)
    samples = series(stream(0, 9000, 5, replica=1), stream(0, 500, 5, replica=2))
    assert recovered_at(samples, [each], 1000 * MS, STABLE) is None


def test_replicas_that_take_turns_keep_a_service_up() -> None:
    """Without `each`, a service of which always one replica answers never was down."""
    one = stream(0, 9000, 5, lambda at: at % 1000 < 450, replica=1)
    other = stream(0, 9000, 5, lambda at: 500 <= at % 1000 < 950, replica=2)
    assert recovered_at(series(one, other), [WEB], 0, 2000 * MS) == 0


def test_a_request_from_the_outage_that_times_out_late_does_not_matter() -> None:
    """It counts at its send, before the good run."""
    samples = series(stream(0, 9000, 5, between(0, 1000)), [bad(990, 5000, outcome="timeout")])
    assert recovered_at(samples, [WEB], 0, STABLE) == 1001 * MS


def test_asking_live_looks_only_at_the_newest_samples() -> None:
    """While one probe is down, asking again costs the newest few samples, whatever has gathered before them."""
    gathered = Counted(stream(0, 100_000, 5, between(0, 99_500)))
    assert recovered_at({"web": gathered}, [WEB], 0, STABLE) is None
    assert gathered.looked < 800
    assert len(gathered) == 20_000


def test_growing_series_give_the_same_instant_as_whole_ones() -> None:
    """Asked at every step while samples arrive, the first answer is the one that the whole series gives."""
    whole = series(
        stream(0, 12_000, 5, lambda at: at < 1000 or 3000 <= at < 3600),
        stream(0, 12_000, 200, between(0, 2000), probe="tasks"),
    )
    answers = []
    for now in range(0, 12_000, 100):
        so_far = {name: [one for one in samples if one.finished_ns <= now * MS] for name, samples in whole.items()}
        answers.append(recovered_at(so_far, [WEB, TASKS], 0, STABLE))
    known = [answer for answer in answers if answer is not None]
    assert known[0] == 3601 * MS
    assert all(before == after for before, after in pairwise(known))


def test_within_picks_by_the_instant_that_counts() -> None:
    """A window holds what counts inside it: good samples by their finish, bad ones by their send."""
    samples = series(stream(0, 1000, 10), [bad(505, 2000)])["web"]
    found = recovery.within(samples, 500 * MS, 510 * MS)
    assert [one.sent_ns // MS for one in found] == [500, 505]
