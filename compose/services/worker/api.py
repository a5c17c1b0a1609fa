"""The worker's HTTP API: tasks from the hive, and what is in flight."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass

from services.http_app import Handler, Request, Response, answer, busy, error, full
from services.metrics import CONTENT_TYPE, Counter, Metrics
from services.worker.inference import Engine, RefusedError
from services.worker.registration import Registration
from services.worker.vram import FullError, Vram

DRAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Api:
    """Handlers over their collaborators."""

    engine: Engine
    registration: Registration
    vram: Vram
    metrics: Metrics
    answers: Counter

    def routes(self) -> dict[str, Handler]:
        """Path to handler."""
        return {
            "GET /health": self.health,
            "GET /ready": self.ready,
            "GET /metrics": self.show_metrics,
            "GET /tasks": self.list_tasks,
            "POST /tasks/{task_id}": self.infer,
            "GET /vram": self.show_vram,
            "POST /vram": self.set_vram,
        }

    async def health(self, _: Request) -> Response:
        """Alive and serving."""
        return answer(200, {"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Whether the hive knows this worker."""
        registered = self.registration.session is not None
        return answer(200 if registered else 503, {"registered": registered, "draining": self.engine.draining})

    async def show_metrics(self, _: Request) -> Response:
        """Prometheus text."""
        return Response(200, self.metrics.render().encode(), ((b"content-type", CONTENT_TYPE.encode()),))

    async def list_tasks(self, _: Request) -> Response:
        """What is in flight here."""
        return answer(200, {"worker": self.engine.hostname, "tasks": list(self.engine.in_flight)})

    async def infer(self, request: Request) -> Response:
        """Do one task."""
        response = await self._infer(request)
        self.answers.add(str(response.status))
        return response

    async def _infer(self, request: Request) -> Response:
        try:
            task = json.loads(request.body)
            model, max_tokens = str(task["model"]), int(task["max_tokens"])
        except (ValueError, KeyError, TypeError):
            return error(400, "bad_request", "send model and max_tokens")
        try:
            self.vram.check(self.engine.busy_slots)
            return answer(200, await self.engine.infer(request.params["task_id"], model, max_tokens))
        except RefusedError as problem:
            return busy("refused", str(problem))
        except FullError as problem:
            return full(str(problem))

    async def show_vram(self, _: Request) -> Response:
        """How much of the video memory others take."""
        return answer(200, {"percent": self.vram.percent})

    async def set_vram(self, request: Request) -> Response:
        """Let others take so much of it."""
        try:
            percent = float(json.loads(request.body)["percent"])
        except (ValueError, KeyError, TypeError):
            percent = -1.0
        if not 0 <= percent <= 100:
            return error(400, "bad_request", "send percent, a number from 0 to 100", field="percent")
        self.vram.percent = percent
        return answer(200, {"percent": percent})

    async def drain(self) -> None:
        """On SIGTERM: say good-bye, so that nothing more is sent; take nothing new; finish what is in flight."""
        await self.registration.leave()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.engine.drain()
