"""The trader's HTTP API: how it is, what time it thinks it is, and a burst of orders for a test."""

import json
import time
from dataclasses import dataclass

from services.http_app import Handler, Request, Response, answer, busy, error
from services.metrics import CONTENT_TYPE, Metrics
from services.postgres import DatabaseUnavailableError
from services.trader.book import Book
from services.trader.leadership import Leadership
from services.trader.loops import Loops

OLDEST_BEAT_SECONDS = 5.0
MOST_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Api:
    """Handlers over their collaborators."""

    leadership: Leadership
    loops: Loops
    book: Book
    metrics: Metrics

    def routes(self) -> dict[str, Handler]:
        """Path to handler."""
        return {
            "GET /health": self.health,
            "GET /ready": self.ready,
            "GET /metrics": self.show_metrics,
            "GET /clock": self.show_clock,
            "POST /burst": self.burst,
        }

    async def health(self, _: Request) -> Response:
        """Alive and serving, whatever the dependencies do."""
        return answer(200, {"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Whether it does its part: leads or stands by, with loops that turn."""
        ages = self.loops.ages()
        is_ready = not self.leadership.paused and max(ages.values()) < OLDEST_BEAT_SECONDS
        facts = {
            "leader": self.leadership.leads,
            "paused": self.leadership.paused,
            "heartbeat_age_seconds": {name: round(age, 3) for name, age in ages.items()},
        }
        return answer(200 if is_ready else 503, facts)

    async def show_metrics(self, _: Request) -> Response:
        """Prometheus text."""
        return Response(200, self.metrics.render().encode(), ((b"content-type", CONTENT_TYPE.encode()),))

    async def show_clock(self, _: Request) -> Response:
        """The time of day, as this process sees it."""
        return answer(200, {"unix_seconds": time.time()})

    async def burst(self, request: Request) -> Response:
        """Place many orders at once, for whoever leads."""
        try:
            orders = int(json.loads(request.body)["orders"])
        except (ValueError, KeyError, TypeError):
            orders = 0
        if not 1 <= orders <= MOST_AT_ONCE:
            return error(400, "bad_request", f"send orders, a whole number from 1 to {MOST_AT_ONCE}", field="orders")
        try:
            return answer(202, {"orders": orders, "prefix": await self.book.burst(orders)})
        except DatabaseUnavailableError as problem:
            return busy("database_unavailable", str(problem))
