"""The queen's HTTP API: who may ask, how many at once, and what each outcome is called."""

import asyncio
import json
import os
import time
from dataclasses import dataclass

from services.gate import Gate
from services.http_app import Handler, Request, Response, answer, busy, error, full
from services.http_connection import PeerLostError
from services.metrics import CONTENT_TYPE, Counter, Histogram, Metrics
from services.postgres import Database
from services.queen.gateway import Gateway, HiveBusyError, HiveFullError, HiveUnavailableError
from services.queen.records import Records
from services.queen.task import FieldError, parse_task
from services.waiting_room import OverloadedError

READY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Api:
    """Handlers over their collaborators."""

    gate: Gate
    gateway: Gateway
    records: Records
    database: Database
    metrics: Metrics
    answers: Counter
    durations: Histogram

    def routes(self) -> dict[str, Handler]:
        """Path to handler."""
        return {
            "GET /health": self.health,
            "GET /ready": self.ready,
            "GET /metrics": self.show_metrics,
            "POST /v2/tasks": self.create_task,
        }

    async def health(self, _: Request) -> Response:
        """Alive and serving, whatever the dependencies do."""
        return answer(200, {"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Whether hive, Redis and PostgreSQL answer now."""
        dependencies = await self.dependencies()
        return answer(200 if all(dependencies.values()) else 503, dependencies)

    async def dependencies(self) -> dict[str, bool]:
        """Which of them answer now."""
        hive, redis, postgres = await asyncio.gather(self._hive_is_ready(), self.records.ping(), self.database.ping())
        return {"hive": hive, "redis": redis, "postgres": postgres}

    async def show_metrics(self, _: Request) -> Response:
        """Prometheus text."""
        return Response(200, self.metrics.render().encode(), ((b"content-type", CONTENT_TYPE.encode()),))

    async def create_task(self, request: Request) -> Response:
        """Do one task and answer with its result."""
        started = time.perf_counter()
        response = await self._answer_task(request, started)
        self.answers.add(str(response.status))
        if response.status == 200:
            self.durations.observe(time.perf_counter() - started)
        return response

    async def _answer_task(self, request: Request, started: float) -> Response:
        scheme, _, token = request.header(b"authorization").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return error(401, "unauthorized", "send Authorization: Bearer <token>", (b"www-authenticate", b"Bearer"))
        try:
            task = parse_task(request.body)
        except FieldError as problem:
            return error(400, "bad_request", str(problem), field=problem.field)
        try:
            await self.gate.enter()
        except OverloadedError as problem:
            return busy("overloaded", str(problem))
        task_id = os.urandom(16).hex()
        try:
            result = await self.gateway.infer(task_id, task)
        except (HiveBusyError, HiveFullError, HiveUnavailableError) as problem:
            return self._unfinished(task_id, refusal(problem))
        finally:
            self.gate.leave()
        self.records.put(task_id, status="completed", worker=result["worker"])
        latency_ms = round(1000 * (time.perf_counter() - started), 1)
        return answer(200, {"task_id": task_id, "status": "completed", "result": result, "latency_ms": latency_ms})

    def _unfinished(self, task_id: str, response: Response) -> Response:
        self.records.put(task_id, status="failed", reason=json.loads(response.body)["error"]["code"])
        return response

    async def _hive_is_ready(self) -> bool:
        try:
            async with asyncio.timeout(READY_SECONDS):
                return (await self.gateway.hive.ask("GET", "/ready")).status == 200
        except (PeerLostError, TimeoutError):
            return False


def refusal(problem: HiveBusyError | HiveFullError | HiveUnavailableError) -> Response:
    """What the client is told: come again soon, or there is no room."""
    if isinstance(problem, HiveFullError):
        return full(str(problem))
    return busy("overloaded" if isinstance(problem, HiveBusyError) else "hive_unavailable", str(problem))
