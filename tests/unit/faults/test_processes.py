"""The proofs of faults that end, stop or signal processes."""

import signal

import pytest

from chaoslab.errors import CannotInject
from chaoslab.faults.crash import CrashSpec
from chaoslab.faults.engine_call import running_again, stopped
from chaoslab.faults.oom import check_abilities, oom_killed
from chaoslab.faults.restart import restarted
from chaoslab.faults.send_signal import delivered
from chaoslab.faults.signals import Sent, check_signal, ended
from chaoslab.faults.silence import heard, silenced
from chaoslab.model.history import Sample
from chaoslab.model.value import BadValues
from unit.faults.made import MS, replica

SENT = Sent(1000 * MS, 0, 1)
ONE = ["worker[1]"]


def test_a_crash_is_proven_by_the_end_of_the_process() -> None:
    """The number is the time from the signal to the end; the exit code rides along."""
    finding = ended(SENT, {"worker[1]": 1008 * MS}, ONE, {"worker[1]": 137}, 1000)
    assert finding.proven
    assert finding.measured == 8.0
    assert "exit code 137" in finding.detail


@pytest.mark.parametrize("exits", [{}, {"worker[1]": 5000 * MS}])
def test_a_process_that_lives_or_ends_much_later_proves_no_crash(exits: dict[str, int]) -> None:
    """Neither survival nor a late end is what the signal was for."""
    assert not ended(SENT, exits, ONE, {}, 1000).proven


def test_one_survivor_of_two_refuses_the_proof() -> None:
    """Every target has to end."""
    finding = ended(SENT, {"worker[1]": 1001 * MS}, ["worker[1]", "worker[2]"], {}, 1000)
    assert not finding.proven
    assert "worker[2] still lives" in finding.detail


@pytest.mark.parametrize("name", ["SIGKIL", "KILL", "9", "SIGRTMIN"])
def test_an_unknown_signal_is_told_with_the_nearest(name: str) -> None:
    """Misspelt names and plain numbers are refused."""
    with pytest.raises(BadValues, match="no signal"):
        check_signal(name)


def test_every_plain_signal_of_this_machine_is_known() -> None:
    """SIGKILL, SIGTERM and the like pass."""
    for one in (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP):
        check_signal(one.name)


def test_a_crash_says_when_and_what_follows() -> None:
    """Timing, count and the second signal are in the description."""
    spec = CrashSpec(target="worker", signal="SIGTERM", timeout_seconds=5.0, count="50%", timing="during_inference")
    assert spec.describe() == "SIGTERM to the process of 50% of worker during inference, SIGKILL after 5 s"
    assert spec.longest_wait_seconds() == 16.0


def test_a_signal_is_proven_by_its_delivery() -> None:
    """What the process does with it is only told."""
    finding = delivered(Sent(0, 0, 2), 2, {"worker[1]": 3 * MS}, {"worker[2]": {"S": 3}})
    assert finding.proven
    assert finding.detail == "worker[1] ended after 3.0 ms, worker[2] lives (3 S)"
    assert not delivered(Sent(0, 0, 1), 2, {}, {}).proven
    assert not delivered(None, 1, {}, {}).proven


def sample(sent_ms: int, *, good: bool, outcome: str = "timeout", number: int = 1) -> Sample:
    """Give one health sample."""
    return Sample("health", number, sent_ms * MS, sent_ms * MS, (sent_ms + 5) * MS, good, "200" if good else outcome)


def test_silence_counts_the_replica_s_own_samples_in_the_window() -> None:
    """Samples of others, from before, still in flight or from after do not count."""
    samples = [
        sample(900, good=True),
        sample(1010, good=True),
        sample(1100, good=False),
        sample(1150, good=False, number=2),
        sample(1200, good=False, outcome="503"),
        sample(3000, good=True),
    ]
    assert heard(samples, 1, 1000 * MS, 2000 * MS) == (1, 1)


@pytest.mark.parametrize(
    ("in_state", "samples", "proven"),
    [
        (1, (20, 0), True),
        (0, (20, 0), False),
        (1, (0, 0), False),
        (1, (20, 1), False),
        (1, None, True),
        (0, None, False),
    ],
)
def test_a_hang_is_proven_by_state_and_silence(in_state: int, samples: tuple[int, int] | None, proven: bool) -> None:
    """Stopped, unanswered samples, and not one answer; without a probe the state alone."""
    assert silenced("stopped", in_state, 1, samples).proven is proven


DOWN = replica(state="exited", exit_code=137, pid=0)


@pytest.mark.parametrize(
    ("exits", "after", "code", "proven"),
    [
        ({"worker[1]": 1020 * MS}, DOWN, 137, True),
        ({"worker[1]": 1020 * MS}, DOWN, None, True),
        ({"worker[1]": 1020 * MS}, replica(state="exited", exit_code=0), 137, False),
        ({"worker[1]": 1020 * MS}, replica(), 137, False),
        ({}, replica(), 137, False),
        ({"worker[1]": 9000 * MS}, DOWN, 137, False),
    ],
)
def test_a_stopped_container_is_down_in_time_and_stays_so(
    exits: dict[str, int], after: object, code: int | None, proven: bool
) -> None:
    """Its process ended within the limit, it is still down, by the expected signal."""
    assert stopped(SENT, exits, [after], 2000, code).proven is proven  # type: ignore[list-item]


def test_a_restart_is_proven_by_a_new_start() -> None:
    """The old process ended and StartedAt changed."""
    again = replica(started_at="t1")
    assert restarted(0, {"worker[1]": 200 * MS}, [replica()], [again]).proven
    assert not restarted(0, {}, [replica()], [again]).proven
    assert not restarted(0, {"worker[1]": 200 * MS}, [replica()], [replica()]).proven
    assert not restarted(0, {"worker[1]": 200 * MS}, [replica()], [replica(state="exited", started_at="t1")]).proven


def test_clean_means_running() -> None:
    """A target that is still down is not clean."""
    assert running_again([replica()]).proven
    assert not running_again([replica(), DOWN]).proven


@pytest.mark.parametrize(
    ("code", "seen", "restarts", "ended_", "proven"),
    [
        (137, True, 1, True, True),
        (137, False, 1, True, False),
        (1, True, 1, True, False),
        (137, True, 0, True, False),
        (137, True, 1, False, False),
    ],
)
def test_an_oom_kill_is_the_service_s_own(code: int, seen: bool, restarts: int, ended_: bool, proven: bool) -> None:
    """Only 137, OOMKilled and one more restart together say that the service died of it, not the stressor."""
    name = "worker[1]"
    took = {name: 150.0} if ended_ else {}
    finding = oom_killed([replica()], [replica(restart_count=restarts)], {name: code}, {name} if seen else set(), took)
    assert finding.proven is proven
    assert finding.measured == float(proven)


def test_an_image_without_stress_ng_or_a_small_host_cannot_be_injected() -> None:
    """What the image or the host lacks is a reason to skip."""
    with pytest.raises(CannotInject, match="no stress-ng"):
        check_abilities(replica(), 127, "sh: not found")
    with pytest.raises(CannotInject, match="less than the limit"):
        check_abilities(replica(), 0, "/usr/bin/stress-ng\n1000\n")
    check_abilities(replica(), 0, "/usr/bin/stress-ng\n4000000\n")
