"""Bounded queues with bounded waits."""

import asyncio

import pytest
from services.gate import Gate
from services.waiting_room import OverloadedError


def test_places_go_to_those_who_wait_in_order() -> None:
    """First in line, first served; a place handed over is never free in between."""

    async def scene() -> list[str]:
        gate, order = Gate(places=1, line=5, wait_seconds=5), []
        await gate.enter()

        async def visit(name: str) -> None:
            await gate.enter()
            order.append(name)
            assert gate.inside == 1
            gate.leave()

        visits = [asyncio.create_task(visit(name)) for name in "abc"]
        await asyncio.sleep(0)
        gate.leave()
        await asyncio.gather(*visits)
        assert gate.inside == 0
        return order

    assert asyncio.run(scene()) == ["a", "b", "c"]


def test_a_full_line_refuses_at_once() -> None:
    """Beyond the line's length nobody waits at all."""

    async def scene() -> None:
        gate = Gate(places=0, line=0, wait_seconds=60)
        with pytest.raises(OverloadedError, match="waiting already"):
            await asyncio.wait_for(gate.enter(), 1)

    asyncio.run(scene())


def test_waiting_ends_in_time() -> None:
    """Who gets no place within the limit is refused, and the line is empty again."""

    async def scene() -> None:
        gate = Gate(places=0, line=3, wait_seconds=0.05)
        started = asyncio.get_running_loop().time()
        with pytest.raises(OverloadedError, match=r"no place within 0\.05 s"):
            await gate.enter()
        assert asyncio.get_running_loop().time() - started < 1
        assert len(gate.room) == 0

    asyncio.run(scene())


def test_in_a_line_that_stands_newcomers_wait_less() -> None:
    """A burst is waited for; where nobody gets ahead for as long, it is overload; an empty line begins anew."""

    async def scene() -> None:
        gate = Gate(places=1, line=9, wait_seconds=0.1, standing_seconds=0.01)
        await gate.enter()
        first = asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        gate.room.stands_since -= 1
        with pytest.raises(OverloadedError, match=r"no place within 0\.01 s"):
            await gate.enter()
        gate.leave()
        await first
        with pytest.raises(OverloadedError, match=r"no place within 0\.1 s"):
            await gate.enter()

    asyncio.run(scene())


def test_a_place_is_not_lost_with_the_one_who_leaves() -> None:
    """Cancelled while waiting, or in the very moment of being admitted: the place is free again."""

    async def scene() -> None:
        gate = Gate(places=1, line=3, wait_seconds=5)
        await gate.enter()
        waiting, admitted = asyncio.create_task(gate.enter()), asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        gate.leave()
        admitted.cancel()
        await asyncio.gather(waiting, admitted, return_exceptions=True)
        assert admitted.cancelled()
        assert (gate.inside, len(gate.room)) == (0, 0)

    asyncio.run(scene())
