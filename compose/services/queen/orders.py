"""Orders: checked, stored once for each client_order_id, listed."""

import asyncio
import json
import math
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from services.bugs import Bugs
from services.postgres import Database, DatabaseUnavailableError
from services.queen.task import FieldError

LONGEST = 64
MOST = 100_000
STORE = """
INSERT INTO orders (client_order_id, idempotency_key, symbol, side, quantity) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (idempotency_key) DO NOTHING RETURNING id"""
LIST = """
SELECT count(*) AS number, coalesce(json_agg(json_build_object('client_order_id', client_order_id,
  'symbol', symbol, 'side', side, 'quantity', quantity, 'filled', filled)), '[]')::text AS orders
FROM (SELECT * FROM orders ORDER BY id DESC LIMIT $1) AS newest"""


@dataclass(frozen=True, slots=True)
class Order:
    """What a client wants; `client_order_id` is the client's own name for it, and may be sent again."""

    client_order_id: str
    symbol: str
    side: str
    quantity: float

    def __post_init__(self) -> None:
        for name in ("client_order_id", "symbol"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip() or len(value) > LONGEST or "\0" in value:
                raise FieldError(name, f"must be a text of 1 to {LONGEST} characters")
        if self.side not in ("buy", "sell"):
            raise FieldError("side", "must be buy or sell")
        if type(self.quantity) not in (int, float) or not (math.isfinite(self.quantity) and 0 < self.quantity <= 1e9):
            raise FieldError("quantity", "must be a number above 0")


def parse_order(body: bytes) -> Order:
    """Read a body; unknown fields are let through. Raises FieldError."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FieldError("body", f"must be JSON: {error}") from error
    if not isinstance(document, dict):
        raise FieldError("body", "must be a JSON object")
    for name in Order.__dataclass_fields__:
        if name not in document:
            raise FieldError(name, "is missing")
    return Order(**{name: document[name] for name in Order.__dataclass_fields__})


def parse_limit(text: str) -> int:
    """How many orders to list; raises FieldError."""
    if not text:
        return 100
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST):
        raise FieldError("limit", f"must be a whole number from 1 to {MOST}")
    return int(text)


@dataclass(frozen=True, slots=True)
class Orders:
    """The book of orders."""

    database: Database
    bugs: Bugs
    unwritten: set[asyncio.Task[Any]] = field(default_factory=set)

    async def store(self, order: Order) -> bool:
        """Keep an order; False: it was there already. When it returns, PostgreSQL has it. Raises DatabaseUnavailableError."""
        key = None if self.bugs.duplicate_orders else order.client_order_id
        writing = self.database.fetch(
            STORE, order.client_order_id, key, order.symbol, order.side, float(order.quantity)
        )
        if self.bugs.lost_ack:
            self._leave_to_itself(writing)
            return True
        return bool(await writing)

    async def listed(self, limit: int) -> bytes:
        """The newest orders as JSON; raises DatabaseUnavailableError."""
        (row,) = await self.database.fetch(LIST, limit)
        return b'{"count": %d, "orders": %s}' % (row["number"], row["orders"].encode())

    def _leave_to_itself(self, writing: Any) -> None:
        async def write() -> None:
            with suppress(DatabaseUnavailableError):
                await writing

        task = asyncio.get_running_loop().create_task(write())
        self.unwritten.add(task)
        task.add_done_callback(self.unwritten.discard)
