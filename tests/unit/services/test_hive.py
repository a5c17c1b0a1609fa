"""The hive: who is a worker, who gets the next task, and what becomes of the slots of the dead."""

import asyncio

import pytest
from services.bugs import Bugs
from services.hive.roster import REAP_SECONDS, STEPS, UnknownWorkerError
from services.waiting_room import OverloadedError

from unit.services.made import Clock, make_roster, register


def test_the_handshake_goes_step_by_step() -> None:
    """A worker takes tasks only after the last step, and each step is open until it is done."""
    roster = make_roster()
    worker = roster.introduce("w", "http://127.0.0.1:9", 2)
    for step in STEPS:
        assert worker.step == step
        assert not roster.pool.workers
        with pytest.raises(UnknownWorkerError, match="not the open step"):
            roster.complete("w", worker.session, "something else")
        roster.complete("w", worker.session, step)
    assert worker.step is None
    assert roster.pool.workers == {"w": worker}


def test_strangers_and_earlier_lives_are_unknown() -> None:
    """A heartbeat of another session is answered with "unknown", so that its sender registers again."""
    roster = make_roster()
    first = register(roster, "w")
    second = register(roster, "w")
    for hostname, session in [("x", "?"), ("w", first.session)]:
        with pytest.raises(UnknownWorkerError):
            roster.heartbeat(hostname, session, [])
    roster.heartbeat("w", second.session, ["t"])
    assert second.reported == ("t",)


def test_tasks_go_to_the_least_loaded_and_ties_rotate() -> None:
    """Idle workers get work in turn; a busy one gets none while another has less to do."""

    async def scene() -> None:
        roster = make_roster()
        pool = roster.pool
        for hostname in "abcd":
            register(roster, hostname)
        for expected in "abcdabcd":
            lease = await pool.take("t")
            assert lease.worker.hostname == expected
            pool.give_back(lease)
        leases = [await pool.take("t") for _ in range(8)]
        assert sorted(lease.worker.hostname for lease in leases) == list("aabbccdd")
        with pytest.raises(OverloadedError):
            await pool.take("t")

    asyncio.run(scene())


def test_a_freed_slot_goes_to_the_first_in_line() -> None:
    """A waiting task starts as soon as a slot is free, or as soon as a worker registers."""

    async def scene() -> None:
        roster = make_roster()
        waiting = asyncio.create_task(roster.pool.take("t1"))
        await asyncio.sleep(0)
        worker = register(roster, "w", slots=1)
        lease = await waiting
        assert worker.slots.open == {lease.number: "t1"}
        waiting = asyncio.create_task(roster.pool.take("t2"))
        await asyncio.sleep(0)
        roster.pool.give_back(lease)
        assert list(worker.slots.open.values()) == [""]  # on its way: taken, but no task is open yet
        await waiting
        assert list(worker.slots.open.values()) == ["t2"]

    asyncio.run(scene())


def test_silence_makes_suspect_then_removes() -> None:
    """A silent worker gets no more tasks, then is removed; a heartbeat in between makes it trusted again."""
    clock = Clock()
    roster = make_roster(clock=clock)
    worker = register(roster, "w")
    clock.now += 1.0
    roster.reap()
    assert worker.suspect
    assert worker.slots.free == 0
    roster.heartbeat("w", worker.session, [])
    assert worker.slots.free == 2
    clock.now += 1.6
    roster.reap()
    assert not roster.known
    assert not roster.pool.workers


def test_an_abandoned_handshake_is_forgotten() -> None:
    """A worker that died while registering leaves nothing behind."""
    clock = Clock()
    roster = make_roster(clock=clock)
    roster.introduce("w", "http://127.0.0.1:9", 2)
    clock.now += 1.6
    roster.reap()
    assert not roster.known
    assert register(roster, "w").slots.free == 2


@pytest.mark.parametrize("bugs", [Bugs(), Bugs(zombie_worker=True)])
def test_the_slots_of_the_dead_are_released_for_its_successor(bugs: Bugs) -> None:
    """A worker that died with a task open comes back with all its slots; with zombie-worker it gets none."""

    async def scene() -> int:
        roster = make_roster(bugs)
        register(roster, "w")
        lease = await roster.pool.take("t")
        roster.suspect(lease.worker, "reset")
        successor = register(roster, "w")
        roster.pool.give_back(lease)
        roster.heartbeat("w", successor.session, [])
        return successor.slots.free

    assert asyncio.run(scene()) == (0 if bugs.zombie_worker else 2)


def test_a_good_bye_releases_slots_even_with_zombie_worker() -> None:
    """The bug is about the dead: a worker that left in order gets work again when it comes back."""
    roster = make_roster(Bugs(zombie_worker=True))
    roster.leave("w", register(roster, "w").session)
    assert register(roster, "w").slots.free == 2


def test_what_the_hive_overslept_is_not_held_against_workers() -> None:
    """When the hive itself was frozen for long, its workers are not taken for dead."""

    async def scene() -> bool:
        clock = Clock()
        roster = make_roster(clock=clock)
        worker = register(roster, "w")
        reaper = asyncio.create_task(roster.reap_forever())
        await asyncio.sleep(0)
        clock.now += 60
        for _ in range(3):  # long enough for the reaper to have looked at least once
            await asyncio.sleep(REAP_SECONDS)
        reaper.cancel()
        assert worker.seen > 150
        return worker.suspect or "w" not in roster.known

    assert not asyncio.run(asyncio.wait_for(scene(), 5))
