"""The HTTP server: one answer after the other, each in one piece, whatever the client sends and however the service ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from services.http_app import MAX_BODY_BYTES, App, Handler, Received, Request, Response, answer
from services.http_server import Conversation, Conversations, encode

LIMIT_SECONDS = 5


class Place:
    """A server on a free port, and what its handlers were asked."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.asked: list[str] = []
        self.problems: list[str] = []
        routes: dict[str, Handler] = {
            "GET /fast": self.fast,
            "GET /slow": self.slow,
            "POST /things/{name}": self.thing,
            "GET /broken": self.broken,
        }
        self.conversations = Conversations(App(routes, lambda path, problem: self.problems.append(f"{path} {problem}")))

    async def fast(self, _: Request) -> Response:
        """Answer at once."""
        self.asked.append("fast")
        return answer(200, "fast")

    async def slow(self, _: Request) -> Response:
        """Answer when told to."""
        self.asked.append("slow")
        await self.go_on.wait()
        return answer(200, "slow")

    async def thing(self, request: Request) -> Response:
        """Say what was understood."""
        return answer(201, [request.params["name"], request.asked("q"), request.header(b"x-a"), request.body.decode()])

    async def broken(self, _: Request) -> Response:
        """Fail."""
        raise ZeroDivisionError("oh")


class Client:
    """One connection to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, *lines: str, body: str = "") -> None:
        """Send a request; nothing is awaited."""
        length = (f"content-length: {len(body)}",) if body else ()
        self.writer.write(("\r\n".join((*lines, *length, "", "")) + body).encode())

    async def read(self) -> tuple[int, str, str]:
        """One answer: status, head, body."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), LIMIT_SECONDS)).decode()
        body = await self.reader.readexactly(int(head.partition("content-length: ")[2].split("\r\n")[0]))
        return int(head.split(" ")[1]), head, body.decode()

    async def is_closed(self) -> bool:
        """Whether the server ends the connection."""
        return await asyncio.wait_for(self.reader.read(), LIMIT_SECONDS) == b""


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Place, Client]]:
    """A server and a client that is connected to it."""
    place = Place()
    server = await asyncio.get_running_loop().create_server(lambda: Conversation(place.conversations), "127.0.0.1")
    client = Client(*await asyncio.open_connection(*server.sockets[0].getsockname()))
    try:
        yield place, client
    finally:
        client.writer.close()
        place.go_on.set()
        await place.conversations.end(LIMIT_SECONDS)
        server.close()


def test_a_connection_serves_requests_one_after_the_other() -> None:
    """Path, query, headers and body arrive, even byte by byte, and the connection is kept."""

    async def scene() -> None:
        async with serving() as (place, client):
            client.send("POST /things/a%20b?q=1 HTTP/1.1", "X-A: v", body="hello")
            assert await client.read() == (201, *encoded(201, b'["a b", "1", "v", "hello"]'))
            for byte in b"GET /fast HTTP/1.1\r\nhost: x\r\n\r\n":
                client.writer.write(bytes([byte]))
                await client.writer.drain()
            assert (await client.read())[::2] == (200, '"fast"')
            assert len(place.conversations.here) == 1

    asyncio.run(scene())


def encoded(status: int, body: bytes) -> tuple[str, str]:
    """Head and body of a JSON answer."""
    head, _, rest = encode(Response(status, body), last=False).decode().partition("\r\n\r\n")
    return f"{head}\r\n\r\n", rest


def test_requests_sent_at_once_are_answered_in_their_order() -> None:
    """The second waits for the first, which is slower, and no more is read meanwhile."""

    async def scene() -> None:
        async with serving() as (place, client):
            for path in ("slow", "fast", "fast"):
                client.send(f"GET /{path} HTTP/1.1")
            await until(lambda: place.asked)
            assert place.asked == ["slow"]
            place.go_on.set()
            assert [(await client.read())[2] for _ in range(3)] == ['"slow"', '"fast"', '"fast"']
            client.send("GET /fast HTTP/1.1")
            assert (await client.read())[0] == 200

    asyncio.run(scene())


@pytest.mark.parametrize(
    "lines",
    [
        ("GET /fast HTTP/1.0",),
        ("GET /fast HTTP/1.1", "connection: close"),
        ("GET /fast HTTP/1.1", "connection: upgrade", "upgrade: h2c"),
    ],
)
def test_a_last_request_is_answered_and_the_connection_closed(lines: tuple[str, ...]) -> None:
    """HTTP/1.0, a client that says so, and one that wants another protocol."""

    async def scene() -> None:
        async with serving() as (place, client):
            client.send(*lines)
            status, head, _ = await client.read()
            assert status == 200
            assert "connection: close" in head
            assert await client.is_closed()
            await until(lambda: not place.conversations.here)

    asyncio.run(scene())


def test_what_is_wrong_is_said() -> None:
    """404, 413 (the body is read to its end, so that the client reads the answer), 500 with a line for the log, and 400."""

    async def scene() -> None:
        async with serving() as (place, client):
            client.send("GET /nowhere HTTP/1.1")
            assert (await client.read())[0] == 404
            client.send("POST /things/{name} HTTP/1.1", body="x" * 20 * MAX_BODY_BYTES)
            assert (await client.read())[0] == 413
            client.send("GET /broken HTTP/1.1")
            assert (await client.read())[0] == 500
            assert place.problems == ["/broken oh"]
            client.send("what?")
            assert (await client.read())[0] == 400
            assert await client.is_closed()

    asyncio.run(scene())


def test_a_client_that_leaves_stops_nothing() -> None:
    """What was begun is finished, and then nothing of the connection is left."""

    async def scene() -> None:
        async with serving() as (place, client):
            client.send("GET /slow HTTP/1.1")
            await until(lambda: place.asked)
            (conversation,) = place.conversations.here
            client.writer.transport.abort()
            await until(conversation._transport.is_closing)
            assert conversation.is_busy
            place.go_on.set()
            await until(lambda: not place.conversations.here)

    asyncio.run(scene())


def test_quiet_connections_are_ended_and_no_others() -> None:
    """One that has not asked yet and one that waits for its answer stay."""

    async def scene() -> None:
        async with serving() as (place, client):
            await until(lambda: place.conversations.here)
            later = asyncio.get_running_loop().time() + 1000
            place.conversations.end_quiet(later)
            client.send("GET /slow HTTP/1.1")
            await until(lambda: place.asked)
            place.conversations.end_quiet(later)
            place.go_on.set()
            assert (await client.read())[0] == 200
            place.conversations.end_quiet(asyncio.get_running_loop().time() - 1000)
            client.send("GET /fast HTTP/1.1")
            assert (await client.read())[0] == 200
            place.conversations.end_quiet(later)
            assert await client.is_closed()

    asyncio.run(scene())


def test_at_the_end_what_is_due_is_answered() -> None:
    """A quiet connection is closed at once, a busy one with its answer; what takes longer than the grace is left."""

    async def scene() -> None:
        async with serving() as (place, client):
            client.send("GET /slow HTTP/1.1")
            await until(lambda: place.asked)
            await place.conversations.end(0.01)
            place.go_on.set()
            await place.conversations.end(LIMIT_SECONDS)
            status, head, _ = await client.read()
            assert (status, "connection: close" in head) == (200, True)
            assert await client.is_closed()

    asyncio.run(scene())


def test_a_pattern_is_no_path() -> None:
    """Braces in a path are a name like any other."""
    app = Place().conversations.app
    response = asyncio.run(app.respond(Received("POST", "/things/{name}", [], b"")))
    assert response.body == b'["{name}", "", "", ""]'


async def until(happened: Callable[[], object]) -> None:
    """Wait until it has happened."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not happened():  # noqa: ASYNC110 - what is awaited has no event
            await asyncio.sleep(0.001)
