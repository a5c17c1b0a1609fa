"""The trader's side of the order book in PostgreSQL: what waits, and fills, each once, by the current leader only."""

import os
from dataclasses import dataclass

from services.postgres import Database

PENDING = "SELECT client_order_id FROM orders WHERE NOT filled ORDER BY id LIMIT $1"
FILL = """
WITH leader AS (UPDATE fence SET token = $1 WHERE token <= $1 RETURNING token),
  filled AS (INSERT INTO fills (client_order_id, token) SELECT id, $1 FROM unnest($2::text[]) AS id, leader
    ON CONFLICT (client_order_id) DO NOTHING),
  marked AS (UPDATE orders SET filled = true FROM leader WHERE client_order_id = ANY($2))
SELECT (SELECT count(*) FROM leader) AS allowed, (SELECT max(token) FROM fence) AS seen"""
BURST = """
INSERT INTO orders (client_order_id, idempotency_key, symbol, side, quantity)
SELECT $1 || n, $1 || n, 'BEE', 'buy', 1 FROM generate_series(1, $2::int) AS n
ON CONFLICT (idempotency_key) DO NOTHING"""


class FencedOffError(Exception):
    """A trader with a higher token has written."""

    def __init__(self, seen: int) -> None:
        super().__init__(f"token {seen} has written")
        self.seen = seen


@dataclass(frozen=True, slots=True)
class Book:
    """Every call raises DatabaseUnavailableError."""

    database: Database

    async def pending(self, most: int) -> list[str]:
        """The oldest orders that are not filled."""
        return [row["client_order_id"] for row in await self.database.fetch(PENDING, most)]

    async def fill(self, token: int, order_ids: list[str]) -> None:
        """Fill each once, however often it is asked; raises FencedOffError."""
        (row,) = await self.database.fetch(FILL, token, order_ids)
        if not row["allowed"]:
            raise FencedOffError(int(row["seen"]))

    async def burst(self, orders: int) -> str:
        """Place so many orders at once; returns what their ids begin with."""
        prefix = f"burst-{os.urandom(6).hex()}-"
        await self.database.fetch(BURST, prefix, orders)
        return prefix
