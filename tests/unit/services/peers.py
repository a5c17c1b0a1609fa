"""Real servers with one behaviour each, for clients to meet."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """What a server saw."""

    def __init__(self) -> None:
        self.url = ""
        self.connections = 0
        self.ended = asyncio.Event()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One request with its body; raises IncompleteReadError at the end of the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    await reader.readexactly(length)
    return head


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request with 200 and its first line."""
    while True:
        head = await read_request(reader)
        body = json.dumps({"saw": head.split(b"\r\n")[0].decode()}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)


async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the first request, close on the second."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
    await read_request(reader)


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer 503."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}")


async def no_room(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request with 507."""
    while True:
        await read_request(reader)
        writer.write(b"HTTP/1.1 507 Insufficient Storage\r\ncontent-length: 2\r\n\r\n{}")


async def close(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Close after the request, without an answer."""
    await read_request(reader)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a reset instead of an answer."""
    await read_request(reader)
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with something that is not HTTP."""
    await read_request(reader)
    writer.write(b"what?\r\n\r\n")
    await reader.read()


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Never answer."""
    await reader.read()


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[Listener]:
    """Serve on a free port of the loopback."""
    listener = Listener()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listener.connections += 1
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            listener.ended.set()
            writer.close()

    server = await asyncio.start_server(serve_one, "127.0.0.1")
    listener.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield listener
    finally:
        server.close()


def unused_url() -> str:
    """An address where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
