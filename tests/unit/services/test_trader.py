"""The trader: who leads, how a burst drains, what a heartbeat is. Redis and PostgreSQL are played by a few lines each."""

import asyncio
import io
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisGoneError
from services.bugs import Bugs
from services.log import Log
from services.metrics import Counter
from services.postgres import DatabaseUnavailableError
from services.trader.book import Book, FencedOffError
from services.trader.leadership import ACQUIRE, RELEASE, RENEW, Leadership, Pace
from services.trader.loops import Loops
from services.trader.throttle import Throttle

from unit.services.made import Clock

LOG = Log("trader", "test", stream=io.StringIO())


class Lock:
    """Redis as far as the lock needs it, on a clock that is set by hand."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.owner, self.ends, self.fence, self.is_there = clock, "", 0.0, 0, True

    async def eval(self, script: str, _keys: int, *arguments: str) -> Any:
        """Do what the script would."""
        await self.ping()
        if self.clock() >= self.ends:
            self.owner = ""
        if script == ACQUIRE:
            _, _, owner, lock_ms, floor = arguments
            if self.owner:
                return None
            self.fence = max(self.fence, int(floor)) + 1
            self.owner, self.ends = owner, self.clock() + int(lock_ms) / 1000
            return self.fence
        if self.owner != arguments[1]:
            return 0
        assert script in (RENEW, RELEASE)
        self.ends = self.clock() + (int(arguments[2]) / 1000 if script == RENEW else 0)
        return 1

    async def get(self, _key: str) -> bytes:
        """Tell the last token."""
        return str(self.fence).encode()

    async def ping(self) -> None:
        """Answer, or not."""
        if not self.is_there:
            raise RedisGoneError("refused")


class Stage:
    """Two traders and their lock."""

    def __init__(self, bugs: Bugs | None = None) -> None:
        self.clock = Clock()
        self.redis = Lock(self.clock)
        client = cast("Redis", self.redis)
        self.traders = [Leadership(client, name, Pace(), bugs or Bugs(), LOG, self.clock) for name in ("a", "b")]

    async def turn(self, *traders: Leadership, seconds: float = 0.5) -> list[bool]:
        """Let time pass, and each of them (or those given) renew or try; tells who leads."""
        self.clock.now += seconds
        for trader in traders or self.traders:
            began = self.clock()
            try:
                await trader._ask()
                trader.confirmed = began
            except RedisGoneError:
                pass
        return [trader.leads for trader in self.traders]


def test_one_leads_and_the_other_takes_over_when_it_is_gone() -> None:
    """The lock ends by itself, and the new leader's token is higher."""

    async def scene() -> None:
        stage = Stage()
        first, second = stage.traders
        for _ in range(10):
            assert await stage.turn() == [True, False]
        assert (first.token, second.paused) == (1, False)
        for _ in range(5):
            assert not (await stage.turn(second))[1]
        assert await stage.turn(second) == [False, True]
        assert second.token == 2
        assert await stage.turn() == [False, True]

    asyncio.run(scene())


def test_without_redis_both_pause_and_then_one_leads_again() -> None:
    """The leader stops before its lock ends; after the outage there is one leader."""

    async def scene() -> None:
        stage = Stage()
        await stage.turn()
        stage.redis.is_there = False
        await stage.turn()
        assert await stage.turn(seconds=1.1) == [False, False]
        assert stage.clock() < stage.redis.ends
        assert all(trader.paused for trader in stage.traders)
        stage.redis.is_there = True
        for _ in range(3):
            assert await stage.turn() in ([True, False], [False, True])
        assert not any(trader.paused for trader in stage.traders)
        assert max(trader.token or 0 for trader in stage.traders) == stage.redis.fence

    asyncio.run(scene())


def test_a_leader_that_stops_hands_the_lock_back() -> None:
    """The standby need not wait; who left does not come back."""

    async def scene() -> None:
        stage = Stage()
        first, second = stage.traders
        await stage.turn()
        await first.release()
        assert await stage.turn(second, seconds=0.1) == [False, True]
        await asyncio.wait_for(first.keep_forever(), 1)

    asyncio.run(scene())


def test_who_was_fenced_off_draws_a_higher_token() -> None:
    """Also where Redis has forgotten how far the tokens were."""

    async def scene() -> None:
        stage = Stage()
        first, _ = stage.traders
        await stage.turn()
        first.fenced(41)
        assert not first.leads
        stage.redis.owner = ""
        await stage.turn(first)
        assert first.token == 42

    asyncio.run(scene())


def test_the_bugs_of_the_lock() -> None:
    """stuck-leader: nobody takes over; two-leaders: both lead; no-pause: the leader goes on without Redis."""

    async def scene() -> None:
        stage = Stage(Bugs(stuck_leader=True))
        await stage.turn()
        assert await stage.turn(stage.traders[1], seconds=60) == [False, False]
        assert await Stage(Bugs(two_leaders=True)).turn() == [True, True]
        stage = Stage(Bugs(no_pause=True))
        await stage.turn()
        stage.redis.is_there = False
        assert await stage.turn(seconds=60) == [True, False]

    asyncio.run(scene())


def test_a_burst_waits_in_line_and_drains_steadily() -> None:
    """Ten at once, then fifty a second; what waits already is not put twice; beyond its size nothing is kept."""
    clock = Clock()
    throttle = Throttle(per_second=50, burst=10, size=100, clock=clock)
    for number in range(150):
        throttle.put(f"o{number % 120}")
    assert len(throttle) == 100
    assert len(throttle.take()) == 10
    assert throttle.take() == []
    drained = 0
    while len(throttle):
        clock.now += 0.1
        taken = throttle.take()
        assert len(taken) <= 6
        drained += 1
        throttle.done(taken)
    assert 17 <= drained <= 19


def test_no_drain_stops_after_the_first_ones() -> None:
    """The bug: nothing is refilled."""
    clock = Clock()
    throttle = Throttle(per_second=50, burst=10, size=100, refills=False, clock=clock)
    for number in range(20):
        throttle.put(str(number))
    throttle.take()
    clock.now += 60
    assert (throttle.take(), len(throttle)) == ([], 10)


class Shelf:
    """PostgreSQL as far as the trader's book needs it."""

    def __init__(self) -> None:
        self.unfilled, self.fills, self.fence, self.is_there = ["o1", "o2"], list[str](), 0, True

    async def fetch(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Do what the statement would."""
        if not self.is_there:
            raise DatabaseUnavailableError("gone")
        if statement.startswith("SELECT client_order_id"):
            return [{"client_order_id": order_id} for order_id in self.unfilled]
        token, order_ids = values
        allowed = token >= self.fence
        if allowed:
            self.fills += order_ids
            self.unfilled = [order_id for order_id in self.unfilled if order_id not in order_ids]
        return [{"allowed": int(allowed), "seen": self.fence}]


def make_loops(stage: Stage, shelf: Shelf) -> Loops:
    """The first trader's loops."""
    throttle = Throttle(per_second=50, burst=10, size=100, clock=stage.clock)
    return Loops(stage.traders[0], Book(cast("Any", shelf)), throttle, LOG, Counter("filled"), stage.clock)


def test_the_leader_fills_what_it_finds() -> None:
    """Scan, then fill; the queue is empty afterwards, and the standby does neither."""

    async def scene() -> None:
        stage, shelf = Stage(), Shelf()
        loops = make_loops(stage, shelf)
        await loops.scan()
        assert len(loops.throttle) == 0
        await stage.turn()
        await loops.scan()
        assert len(loops.throttle) == 2
        await loops.order()
        assert (shelf.fills, len(loops.throttle), loops.throttle.known) == (["o1", "o2"], 0, set())

    asyncio.run(scene())


def test_a_failed_fill_is_met_again() -> None:
    """PostgreSQL away in the middle: the order is not forgotten; a fenced leader gives way."""

    async def scene() -> None:
        stage, shelf = Stage(), Shelf()
        loops = make_loops(stage, shelf)
        await stage.turn()
        await loops.scan()
        shelf.is_there = False
        with pytest.raises(DatabaseUnavailableError):
            await loops.order()
        shelf.is_there, shelf.fence = True, 7
        await loops.scan()
        await loops.order()
        assert not stage.traders[0].leads
        assert shelf.unfilled == ["o1", "o2"]
        with pytest.raises(FencedOffError, match="token 7"):
            await loops.book.fill(6, ["o1"])

    asyncio.run(scene())


def test_loops_beat_while_postgres_is_away_and_stand_still_while_paused() -> None:
    """A heartbeat tells that a loop turns, whatever its turn achieved."""

    async def beats(stage: Stage, shelf: Shelf) -> bool:
        loops = make_loops(stage, shelf)
        before = dict(loops.beats)
        stage.clock.now += 1
        tasks = [asyncio.create_task(loops.forever(name)()) for name in before]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert set(loops.ages()) == {"scan", "order", "md"}
        return all(loops.beats[name] > before[name] for name in before)

    async def scene() -> None:
        stage, shelf = Stage(), Shelf()
        shelf.is_there = False
        await stage.turn()
        assert await beats(stage, shelf)
        stage.clock.now += 60
        assert not await beats(stage, shelf)

    asyncio.run(scene())
