"""The HTTP side of orders: who may place one, and what each outcome is called."""

from dataclasses import dataclass

from services.http_app import Handler, Request, Response, answer, busy, error
from services.metrics import Counter
from services.postgres import DatabaseUnavailableError, OutcomeUnknownError
from services.queen.orders import Orders, parse_limit, parse_order
from services.queen.task import FieldError
from services.queen.vault import NoKeysError, Vault


@dataclass(frozen=True, slots=True)
class OrdersApi:
    """Handlers over their collaborators. An API key is not needed, but one that is sent must be right."""

    orders: Orders
    vault: Vault
    answers: Counter

    def routes(self) -> dict[str, Handler]:
        """Path to handler."""
        return {"POST /orders": self.place, "GET /orders": self.show}

    async def place(self, request: Request) -> Response:
        """Store one order: 201; 200 when it was there already."""
        response = await self._place(request)
        self.answers.add(str(response.status))
        return response

    async def _place(self, request: Request) -> Response:
        try:
            order = parse_order(request.body)
            api_key = request.header(b"x-api-key")
            if api_key and self.vault.owner(api_key) is None:
                return error(401, "unauthorized", "this API key is not known")
            is_new = await self.orders.store(order)
        except FieldError as problem:
            return error(400, "bad_request", str(problem), field=problem.field)
        except NoKeysError as problem:
            return busy("no_keys", str(problem))
        except OutcomeUnknownError as problem:
            return error(504, "outcome_unknown", f"send it again, it is stored once: {problem}", (b"retry-after", b"1"))
        except DatabaseUnavailableError as problem:
            return busy("database_unavailable", str(problem))
        return answer(201 if is_new else 200, {"client_order_id": order.client_order_id, "status": "accepted"})

    async def show(self, request: Request) -> Response:
        """List the newest orders."""
        try:
            return Response(200, await self.orders.listed(parse_limit(request.asked("limit"))))
        except FieldError as problem:
            return error(400, "bad_request", str(problem), field=problem.field)
        except DatabaseUnavailableError as problem:
            return busy("database_unavailable", str(problem))
