"""The hive's HTTP API: tasks from the queen, handshake and heartbeats from workers, and what is open where."""

import json
from dataclasses import dataclass
from typing import Any

from services.hive.dispatch import Dispatch, NotDoneError, WorkersFullError
from services.hive.pool import Pool, Worker
from services.hive.roster import Roster, UnknownWorkerError
from services.hive.spool import FullError, Spool
from services.http_app import Handler, Request, Response, answer, busy, error, full
from services.metrics import CONTENT_TYPE, Counter, Metrics
from services.waiting_room import OverloadedError


@dataclass(frozen=True, slots=True)
class Api:
    """Handlers over their collaborators."""

    pool: Pool
    roster: Roster
    dispatch: Dispatch
    spool: Spool
    metrics: Metrics
    answers: Counter

    def routes(self) -> dict[str, Handler]:
        """Path to handler."""
        return {
            "GET /health": self.health,
            "GET /ready": self.ready,
            "GET /metrics": self.show_metrics,
            "GET /workers": self.list_workers,
            "GET /workers/{hostname}/open": self.show_open,
            "POST /workers": self.introduce,
            "POST /workers/{hostname}/steps": self.complete_step,
            "POST /workers/{hostname}/heartbeat": self.heartbeat,
            "DELETE /workers/{hostname}": self.leave,
            "POST /tasks/{task_id}": self.infer,
        }

    async def health(self, _: Request) -> Response:
        """Alive and serving, whatever the workers do."""
        return answer(200, {"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Whether any worker takes tasks now."""
        usable = sum(not worker.suspect for worker in self.pool.workers.values())
        return answer(200 if usable else 503, {"workers": usable})

    async def show_metrics(self, _: Request) -> Response:
        """Prometheus text."""
        return Response(200, self.metrics.render().encode(), ((b"content-type", CONTENT_TYPE.encode()),))

    async def list_workers(self, _: Request) -> Response:
        """Every worker that the hive knows."""
        return answer(200, {"workers": [self._describe(worker) for worker in self.roster.known.values()]})

    async def show_open(self, request: Request) -> Response:
        """What is open on one worker at this moment: tasks sent and not answered, and the step of its handshake."""
        hostname = request.params["hostname"]
        worker = self.roster.known.get(hostname)
        return answer(
            200, {"tasks": open_tasks(worker) if worker else [], "handshake": worker.step if worker else None}
        )

    async def introduce(self, request: Request) -> Response:
        """First step of the handshake."""
        try:
            hello = json.loads(request.body)
            worker = self.roster.introduce(str(hello["hostname"]), str(hello["url"]), int(hello["slots"]))
        except (ValueError, KeyError, TypeError):
            return error(400, "bad_request", "send hostname, url and slots")
        return answer(201, {"session": worker.session, "step": worker.step})

    async def complete_step(self, request: Request) -> Response:
        """A further step of the handshake is done."""
        news, hostname = _news(request), request.params["hostname"]
        try:
            worker = self.roster.complete(hostname, str(news.get("session")), str(news.get("step")))
        except UnknownWorkerError as problem:
            return error(404, "unknown_worker", str(problem))
        return answer(200, {"step": worker.step})

    async def heartbeat(self, request: Request) -> Response:
        """A worker lives, and says what it has in flight."""
        news = _news(request)
        try:
            self.roster.heartbeat(request.params["hostname"], str(news.get("session")), list(news.get("in_flight", ())))
        except UnknownWorkerError as problem:
            return error(404, "unknown_worker", str(problem))
        return answer(200, {})

    async def leave(self, request: Request) -> Response:
        """A worker drains: nothing more for it."""
        try:
            self.roster.leave(request.params["hostname"], str(_news(request).get("session")))
        except UnknownWorkerError as problem:
            return error(404, "unknown_worker", str(problem))
        return answer(200, {})

    async def infer(self, request: Request) -> Response:
        """Have a task done; the body goes to the worker as it is."""
        response = await self._infer(request)
        self.answers.add(str(response.status))
        return response

    async def _infer(self, request: Request) -> Response:
        task_id = request.params["task_id"]
        try:
            self.spool.write(task_id, request.body)
            return Response(200, await self.dispatch.infer(task_id, request.body))
        except (FullError, WorkersFullError) as problem:
            return full(str(problem))
        except OverloadedError as problem:
            return busy("overloaded", f"no free worker: {problem}")
        except NotDoneError as problem:
            return busy("not_done", str(problem))

    def _describe(self, worker: Worker) -> dict[str, Any]:
        return {
            "hostname": worker.hostname,
            "url": worker.peer.url,
            "state": "registering" if worker.step else "suspect" if worker.suspect else "ready",
            "handshake": worker.step,
            "slots": worker.slots.capacity,
            "free": 0 if worker.step else worker.slots.free,
            "tasks": open_tasks(worker),
            "reported_tasks": worker.reported,
            "silent_ms": round(1000 * (self.roster.clock() - worker.seen)),
        }


def open_tasks(worker: Worker) -> list[str]:
    """Tasks sent to a worker and not answered yet."""
    return [task_id for task_id in worker.slots.open.values() if task_id]


def _news(request: Request) -> dict[str, Any]:
    """A worker's message; an unreadable one is empty, and so names no known session."""
    try:
        news = json.loads(request.body)
    except ValueError:
        return {}
    return news if isinstance(news, dict) else {}
