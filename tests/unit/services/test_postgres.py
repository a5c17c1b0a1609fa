"""The way to PostgreSQL, with a server that is played: waits are bounded, the breaker opens, statements are tried again."""

import asyncio
import io
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from services.breaker import Breaker
from services.gate import Gate
from services.log import Log
from services.metrics import Counter
from services.postgres import Database, DatabaseUnavailableError, Limits, OutcomeUnknownError
from services.retry import Backoff


class Server:
    """Behaves as told: "ok", "refuse" (no connection), "cut" (connection breaks after the statement was done), "hang"."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mood, self.dialled, self.done = "ok", 0, 0
        self.was_terminated = asyncio.Event()
        monkeypatch.setattr(asyncpg, "connect", self.connect)

    async def connect(self, *_: Any, **__: Any) -> "Connection":
        """Dial."""
        self.dialled += 1
        if self.mood == "refuse":
            raise ConnectionRefusedError("refused")
        return Connection(self)


class Connection:
    """One of the server's."""

    def __init__(self, server: Server) -> None:
        self.server, self.closed = server, False

    async def fetch(self, *_: Any) -> list[Any]:
        """Do the statement."""
        if self.server.mood == "hang":
            await asyncio.Event().wait()
        self.server.done += 1
        if self.server.mood == "cut":
            raise asyncpg.ConnectionDoesNotExistError("cut")
        return [{"n": self.server.done}]

    def is_closed(self) -> bool:
        """Whether it was ended."""
        return self.closed

    def terminate(self) -> None:
        """End it."""
        self.closed = True
        self.server.was_terminated.set()


def make_database(places: int = 2, *, works: bool = True) -> Database:
    """Attempts of 50 ms within 200 ms; the breaker opens after three failures, for 10 s."""
    return Database(
        "postgresql://lab@nowhere/lab",
        Limits(attempt_seconds=0.05, deadline_seconds=0.2, keep=places, backoff=Backoff(0.001, 0.01)),
        Gate(places, line=2, wait_seconds=0.05),
        Breaker(failures_allowed=3, pause_seconds=10, works=works),
        Log("queen", "test", stream=io.StringIO()),
        Counter("failures", "why"),
    )


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Stands where asyncpg would dial."""
    return Server(monkeypatch)


def run(scene: Callable[[], Any]) -> Any:
    """Run a scene that must not take long."""
    return asyncio.run(asyncio.wait_for(scene(), 5))


def test_a_connection_is_kept_for_the_next_statement(server: Server) -> None:
    """Two statements one after the other need one connection."""
    database = make_database()

    async def scene() -> None:
        assert await database.fetch("SELECT") == [{"n": 1}]
        assert await database.fetch("SELECT") == [{"n": 2}]

    run(scene)
    assert server.dialled == 1


def test_a_broken_connection_is_tried_again_on_a_new_one(server: Server) -> None:
    """The client sees nothing of a cut that heals within the deadline; what broke is not used again."""
    database = make_database()

    async def scene() -> None:
        server.mood = "cut"
        asking = asyncio.create_task(database.fetch("INSERT"))
        await server.was_terminated.wait()
        server.mood = "ok"
        await asking

    run(scene)
    assert server.done >= 2
    assert not database.breaker.is_open


@pytest.mark.parametrize(
    ("mood", "kind"),
    [("refuse", DatabaseUnavailableError), ("cut", OutcomeUnknownError), ("hang", OutcomeUnknownError)],
)
def test_a_failure_says_whether_it_may_have_been_done(
    server: Server, mood: str, kind: type[DatabaseUnavailableError]
) -> None:
    """Never sent is surely not done; sent without an answer is unknown."""
    database = make_database()
    server.mood = mood
    with pytest.raises(DatabaseUnavailableError) as caught:
        run(lambda: database.fetch("INSERT"))
    assert type(caught.value) is kind
    assert database.gate.inside == 0
    assert not database.idle


def test_the_breaker_opens_and_then_nothing_is_dialled(server: Server) -> None:
    """After failures in a row the answer is no, at once; after the pause one success closes it."""
    database = make_database()

    async def scene() -> None:
        server.mood = "refuse"
        with pytest.raises(DatabaseUnavailableError, match="breaker is open"):
            await database.fetch("SELECT")
        dialled = server.dialled
        with pytest.raises(DatabaseUnavailableError, match="breaker is open"):
            await database.fetch("SELECT")
        assert server.dialled == dialled == 3
        server.mood, database.breaker.next_trial = "ok", 0.0
        await database.fetch("SELECT")
        assert not database.breaker.is_open

    run(scene)


def test_without_a_breaker_every_request_goes_on_trying(server: Server) -> None:
    """The bug: each takes its whole deadline."""
    database = make_database(works=False)
    server.mood = "refuse"
    with pytest.raises(DatabaseUnavailableError, match="deadline"):
        run(lambda: database.fetch("SELECT"))
    assert server.dialled > 3


def test_a_full_pool_refuses_after_a_bounded_wait(server: Server) -> None:
    """Who finds no connection waits a little, and a long line not at all."""
    database = make_database(places=1, works=False)
    server.mood = "hang"

    async def scene() -> list[Any]:
        asked = [asyncio.create_task(database.fetch("SELECT")) for _ in range(5)]
        problems: list[Any] = await asyncio.gather(*asked, return_exceptions=True)
        return problems

    problems = sorted(str(problem) for problem in run(scene))
    assert [problem.split(":")[0] for problem in problems].count("no connection is free") == 4
    assert sum("waiting already" in problem for problem in problems) == 2


def test_connections_are_held_ready_and_ping_says_whether_it_answers(server: Server) -> None:
    """The keeper dials before anybody asks."""
    database = make_database(places=2)

    async def scene() -> None:
        keeper = asyncio.create_task(database.keep_forever())
        await asyncio.sleep(0.01)
        assert len(database.idle) == 2
        assert await database.ping()
        server.mood = "hang"
        database.idle.clear()
        assert not await database.ping()
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)

    run(scene)
