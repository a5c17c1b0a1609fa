"""Real local servers for the observer to ask, each on its own event loop thread."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from unit.observe.plain import DEADLINE_SECONDS, LOCAL, PROXY

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Counts connections and keeps the requests it got; `serve` answers one connection."""

    def __init__(self, serve: Serve) -> None:
        self.connections = 0
        self.peers: set[Any] = set()
        self._serve = serve
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._done: asyncio.Event
        self.port = 0
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()), daemon=True)

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        assert self._ready.wait(DEADLINE_SECONDS)

    def stop(self) -> None:
        """Close everything."""
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(DEADLINE_SECONDS)
        self._loop.close()

    async def _run(self) -> None:
        self._done = asyncio.Event()
        server = await asyncio.start_server(self._count, LOCAL, 0, backlog=2048)
        self.port = server.sockets[0].getsockname()[1]
        second = await asyncio.start_server(self._count, PROXY, self.port, backlog=2048)
        self._ready.set()
        await self._done.wait()
        # No more is accepted before it closes: asyncio loses, unclosed, what it accepted just before.
        for listening in (*server.sockets, *second.sockets):
            self._loop.remove_reader(listening)
        for _ in range(6):  # what was accepted a moment ago gets its task, what is closed its end
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0.01)
        server.close()
        second.close()

    async def _count(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.peers.add(writer.get_extra_info("peername"))
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the observer gave up on it, or the test is over
        finally:
            self._tasks.discard(task)
            writer.close()


@contextmanager
def serving(serve: Serve) -> Iterator[Server]:
    """Give a server that runs."""
    server = Server(serve)
    server.start()
    try:
        yield server
    finally:
        server.stop()


async def head_of(reader: asyncio.StreamReader) -> bytes:
    """Read a request's head and body."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            head += await reader.readexactly(int(line.split(b":")[1]))
    return head


def answering(raw: bytes, *, after_seconds: float = 0.0) -> Serve:
    """Answer every request with these bytes, then close."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await asyncio.sleep(after_seconds)
        writer.write(raw)
        await writer.drain()

    return serve


def http(body: bytes = b"ok", status: int = 200) -> bytes:
    """Build an HTTP answer."""
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


class FakeToxiproxy:
    """The part of Toxiproxy's API that the dead man's switch uses. Removing a single toxic hangs, as it may under traffic."""

    def __init__(self) -> None:
        self.proxies: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []

    def add(self, name: str, *toxics: str, enabled: bool = True) -> None:
        """Add a proxy with toxics."""
        self.proxies[name] = {
            "name": name, "listen": "[::]:1", "upstream": "web:1", "enabled": enabled,
            "toxics": [{"name": toxic} for toxic in toxics],
        }  # fmt: skip

    @property
    def clean(self) -> bool:
        """Whether no toxic is left and every proxy is enabled."""
        return all(proxy["enabled"] and not proxy["toxics"] for proxy in self.proxies.values())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one call."""
        head, _, body = (await head_of(reader)).partition(b"\r\n\r\n")
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        self.calls.append(f"{method} {path}")
        parts = path.strip("/").split("/")
        if method == "DELETE" and len(parts) == 4:
            await asyncio.Event().wait()
        elif method == "DELETE":
            del self.proxies[parts[1]]
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        elif method == "POST" and path == "/proxies":
            self.add(json.loads(body)["name"])
            writer.write(http(b"{}", 201))
        elif method == "POST":
            self.proxies[parts[1]]["enabled"] = json.loads(body)["enabled"]
            writer.write(http(b"{}"))
        else:
            writer.write(http(json.dumps(self.proxies).encode()))
        await writer.drain()
