"""Keeps the hive informed: handshake, heartbeats, a new handshake when the hive has forgotten us, and good-bye."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.http_peer import Peer, host_and_port
from services.log import Log
from services.retry import Backoff, retry
from services.worker.inference import Engine

STEP_SECONDS = 0.15
"""Simulated time of each further step of the handshake: loading the model, warming up."""


class NotTakenError(Exception):
    """The hive answered, but does not know this session (any more)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a heartbeat is sent, how long an answer may take, how pauses grow when the hive is out of reach."""

    heartbeat_seconds: float
    answer_seconds: float
    backoff: Backoff


@dataclass(slots=True)
class Registration:
    """`session` is None while the hive does not know us."""

    hive: Peer
    engine: Engine
    port: int
    pace: Pace
    log: Log
    session: str | None = None
    leaving: bool = False

    async def keep_forever(self) -> None:
        """Register, stay registered, register again."""
        while not self.leaving:
            await self._until_heard(self._register, on=(OSError, NotTakenError))
            self.log("registered", session=self.session)
            try:
                while True:
                    await asyncio.sleep(self.pace.heartbeat_seconds)
                    await self._until_heard(self._heartbeat, on=(OSError,))
            except NotTakenError as forgotten:
                self.session = None
                self.log("forgotten by the hive", level="warning", why=str(forgotten))

    async def leave(self) -> None:
        """Say good-bye, once; a hive out of reach will notice by itself."""
        self.leaving = True
        if self.session is None:
            return
        try:
            await self._ask("DELETE", f"/workers/{self.engine.hostname}", session=self.session)
        except (OSError, NotTakenError) as problem:
            self.log("left without good-bye", level="warning", why=str(problem) or "no answer in time")

    async def _register(self) -> None:
        host = await own_address(self.hive.url)
        hello = {"hostname": self.engine.hostname, "url": f"http://{host}:{self.port}", "slots": self.engine.slots}
        answer = await self._ask("POST", "/workers", **hello)
        session, step = str(answer["session"]), answer["step"]
        while step:
            await asyncio.sleep(STEP_SECONDS)
            answer = await self._ask("POST", f"/workers/{self.engine.hostname}/steps", session=session, step=step)
            step = answer["step"]
        self.session = session

    async def _heartbeat(self) -> None:
        in_flight = list(self.engine.in_flight)
        await self._ask("POST", f"/workers/{self.engine.hostname}/heartbeat", session=self.session, in_flight=in_flight)

    async def _until_heard(self, call: Callable[[], Awaitable[None]], on: tuple[type[Exception], ...]) -> None:
        def failed(error: Exception) -> None:
            self.log("hive out of reach", level="warning", why=str(error) or "no answer in time")

        await retry(call, on, self.pace.backoff, failed)

    async def _ask(self, method: str, path: str, **message: object) -> dict[str, object]:
        async with asyncio.timeout(self.pace.answer_seconds):
            reply = await self.hive.ask(method, path, json.dumps(message).encode())
        if reply.status >= 400:
            raise NotTakenError(f"the hive answered {reply.status} to {method} {path}")
        return dict(json.loads(reply.body))


async def own_address(url: str) -> str:
    """The address from which this host reaches `url`: the one under which the hive can reach us. Raises OSError."""
    host, port = host_and_port(url)
    loop = asyncio.get_running_loop()
    (_, _, _, _, address), *_ = await loop.getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
        route.connect(address)  # a datagram socket: chooses the route, sends nothing
        return str(route.getsockname()[0])
