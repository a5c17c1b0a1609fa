"""Runs one service: listens, keeps its background tasks alive, drains on SIGTERM.

The process is PID 1 of its container: without a handler of its own, SIGTERM would not reach it at all.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field

import uvloop

from services.acceptor import Acceptor, listen
from services.http_app import App
from services.http_server import Conversation, Conversations
from services.log import Log

GRACE_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Service:
    """What runs: the app, tasks that must never end, and how to drain (bounded in time by itself)."""

    app: App
    port: int
    log: Log
    background: tuple[Callable[[], Coroutine[None, None, None]], ...] = ()
    drain: Callable[[], Awaitable[None]] | None = None
    has_reserve: bool = True


@dataclass(slots=True)
class Server:
    """A running service; the first signal drains before it stops, a second one does not wait any more."""

    service: Service
    exit_code: int = 0
    draining: bool = False
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def run(self) -> int:
        """Serve until told to stop; returns the exit code: 1 when it cannot listen, or a background task failed."""
        service, conversations = self.service, Conversations(self.service.app)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop, number)
        try:
            listener = listen(service.port)
        except OSError as problem:
            service.log("cannot listen", level="error", port=service.port, problem=str(problem))
            return 1
        acceptor = Acceptor(listener, lambda: Conversation(conversations), service.log, service.has_reserve)
        acceptor.start()
        for work in (conversations.end_quiet_forever, *service.background):
            self.tasks.append(loop.create_task(work()))
            self.tasks[-1].add_done_callback(self._ended)
        await self.stopping.wait()
        acceptor.close()
        await acceptor.wait_closed()
        await conversations.end(GRACE_SECONDS)
        return self.exit_code

    def _told_to_stop(self, number: int) -> None:
        self.service.log("stopping", signal=number)
        if self.service.drain is None or self.draining:
            self.stopping.set()
        else:
            self.draining = True
            self.tasks.append(asyncio.get_running_loop().create_task(self._drain(self.service.drain)))

    async def _drain(self, drain: Callable[[], Awaitable[None]]) -> None:
        try:
            await drain()
        finally:
            self.stopping.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        # A service without its background work would look healthy and be useless: stop, and let the restart policy act.
        if not task.cancelled() and (problem := task.exception()):
            self.service.log("background task failed", level="error", problem=repr(problem))
            self.exit_code = 1
            self.stopping.set()


def serve(service: Service) -> int:
    """Run the service to its end; returns the exit code."""
    return uvloop.run(Server(service).run())
