"""Runs one service: listens, keeps its background tasks alive, drains on SIGTERM. The only place that knows uvicorn.

The process is PID 1 of its container: without a handler of its own, SIGTERM would not reach it at all.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from types import FrameType
from typing import cast

import uvicorn
import uvloop

from services.acceptor import Acceptor, listen
from services.asgi import App
from services.log import Log

KEEP_ALIVE_SECONDS = 75


@dataclass(frozen=True, slots=True)
class Service:
    """What runs: the app, tasks that must never end, and how to drain (bounded in time by itself)."""

    app: App
    port: int
    log: Log
    background: tuple[Callable[[], Coroutine[None, None, None]], ...] = ()
    drain: Callable[[], Awaitable[None]] | None = None
    has_reserve: bool = True


class Server(uvicorn.Server):
    """uvicorn, except that the first signal drains before it stops."""

    def __init__(self, service: Service) -> None:
        super().__init__(
            uvicorn.Config(
                service.app,
                interface="asgi3",
                lifespan="off",
                ws="none",
                loop="uvloop",
                http="httptools",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=1,
            )
        )
        self.service = service
        self.exit_code = 0
        self.draining = False
        self.tasks: list[asyncio.Task[None]] = []

    async def run_service(self) -> int:
        """Serve until told to stop; returns the exit code: 1 when a background task failed."""
        self.loop = asyncio.get_running_loop()
        for work in self.service.background:
            self.tasks.append(asyncio.create_task(work()))
            self.tasks[-1].add_done_callback(self._ended)
        await self.serve()
        for task in self.tasks:
            task.cancel()
        return self.exit_code

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen with our own acceptor, which answers even without descriptors."""
        try:
            listener = sockets[0] if sockets else listen(self.service.port)
        except OSError as problem:
            self.service.log("cannot listen", level="error", port=self.service.port, problem=str(problem))
            self.exit_code, self.should_exit = 1, True
            return
        acceptor = Acceptor(listener, self._protocol, self.service.log, self.service.has_reserve)
        acceptor.start()
        self.servers = [cast("asyncio.Server", acceptor)]
        self.started = True

    def _protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Drain first; a second signal does not wait any more."""
        self.service.log("stopping", signal=sig)
        if self.service.drain is None or self.should_exit or self.draining:
            self.should_exit = True
        else:
            self.draining = True
            self.loop.call_soon_threadsafe(self._start_drain)

    def _start_drain(self) -> None:
        self.tasks.append(self.loop.create_task(self._drain()))

    async def _drain(self) -> None:
        assert self.service.drain
        try:
            await self.service.drain()
        finally:
            self.should_exit = True

    def _ended(self, task: asyncio.Task[None]) -> None:
        # A service without its background work would look healthy and be useless: stop, and let the restart policy act.
        if not task.cancelled() and (problem := task.exception()):
            self.service.log("background task failed", level="error", problem=repr(problem))
            self.exit_code, self.should_exit = 1, True


def serve(service: Service) -> int:
    """Run the service to its end; returns the exit code."""
    return uvloop.run(Server(service).run_service())
