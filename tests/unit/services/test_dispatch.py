"""A task is done by another worker when one dies, resets, refuses or hangs."""

import asyncio

import pytest
from services.bugs import Bugs
from services.hive.dispatch import NotDoneError

from unit.services.made import make_dispatch, make_roster, register
from unit.services.peers import Serve, answer, close, hang, listening, refuse, reset, unused_url


@pytest.mark.parametrize("serve", [close, reset, refuse, hang])
def test_a_failing_worker_costs_no_task(serve: Serve) -> None:
    """The task is done elsewhere, nothing stays open, and the failing worker is suspect."""

    async def scene() -> None:
        async with listening(serve) as failing, listening(answer) as good:
            roster = make_roster()
            bad = register(roster, "bad", failing.url)
            register(roster, "good", good.url)
            assert b"POST /tasks/t1" in await make_dispatch(roster).infer("t1", b"{}")
            assert bad.suspect
            assert not bad.slots.open
            assert (await make_dispatch(roster).infer("t2", b"{}"), failing.connections)[1] == 1

    asyncio.run(scene())


def test_no_retry_lets_the_task_fail() -> None:
    """The bug: one failed attempt is a failed task."""

    async def scene() -> None:
        async with listening(answer) as good:
            roster = make_roster(Bugs(no_retry=True))
            register(roster, "bad", unused_url())
            register(roster, "good", good.url)
            with pytest.raises(NotDoneError, match="Errno 111"):
                await make_dispatch(roster).infer("t", b"{}")

    asyncio.run(scene())


def test_no_timeout_waits_for_ever() -> None:
    """The bug: a worker that hangs holds its task; without the bug the deadline ends it."""

    async def scene(bugs: Bugs) -> None:
        async with listening(hang) as hanging:
            roster = make_roster(bugs)
            worker = register(roster, "w", hanging.url)
            task = asyncio.create_task(make_dispatch(roster, attempt_seconds=0.05).infer("t", b"{}"))
            await asyncio.wait([task], timeout=1.0)
            assert task.done() != bugs.no_timeout
            assert list(worker.slots.open.values()) == (["t"] if bugs.no_timeout else [])
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scene(Bugs(no_timeout=True)))
    asyncio.run(scene(Bugs()))
