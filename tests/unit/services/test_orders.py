"""Orders: what a client may send, what each outcome is called, and the bugs."""

import asyncio
import json
from typing import Any, cast

import pytest
from services.bugs import Bugs
from services.http_app import Request
from services.metrics import Counter
from services.postgres import DatabaseUnavailableError, OutcomeUnknownError
from services.queen.orders import Orders, parse_limit, parse_order
from services.queen.orders_api import OrdersApi
from services.queen.task import FieldError

from unit.services.test_auth import make_vault

GOOD = {"client_order_id": "o1", "symbol": "BEE", "side": "buy", "quantity": 1}


class Table:
    """PostgreSQL as far as orders need it: one row for each idempotency key; fails as told."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure, self.rows = failure, list[tuple[Any, ...]]()

    async def fetch(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Store or list."""
        await asyncio.sleep(0)
        if self.failure:
            raise self.failure
        if "INSERT" not in statement:
            return [
                {"number": len(self.rows), "orders": json.dumps([{"client_order_id": row[0]} for row in self.rows])}
            ]
        if values[1] is not None and any(row[1] == values[1] for row in self.rows):
            return []
        self.rows.append(values)
        return [{"id": len(self.rows)}]


def make_api(table: Table, bugs: Bugs | None = None) -> OrdersApi:
    """The API over a table."""
    return OrdersApi(Orders(cast("Any", table), bugs or Bugs()), make_vault(), Counter("orders", "status"))


async def place(api: OrdersApi, order: object = None, key: bytes = b"") -> int:
    """Place an order; returns the status."""
    headers = [(b"x-api-key", key)] if key else []
    return (await api.place(Request(headers, {}, json.dumps(order or GOOD).encode()))).status


def test_an_order_sent_again_is_stored_once() -> None:
    """201, then 200; with duplicate-orders it is there twice."""

    async def statuses(bugs: Bugs) -> tuple[list[int], bytes]:
        api = make_api(Table(), bugs)
        return [await place(api) for _ in range(2)], (await api.show(Request([], {}, b"", "limit=10"))).body

    assert asyncio.run(statuses(Bugs())) == ([201, 200], b'{"count": 1, "orders": [{"client_order_id": "o1"}]}')
    placed, listed = asyncio.run(statuses(Bugs(duplicate_orders=True)))
    assert (placed, json.loads(listed)["count"]) == ([201, 201], 2)


def test_each_outcome_has_its_status() -> None:
    """What is wrong with the order, who may not, not stored, and perhaps stored."""

    async def scene() -> None:
        api = make_api(Table())
        assert await place(api, {**GOOD, "side": "hold"}) == 400
        assert await place(api, key=b"wrong") == 401
        assert await place(api, key=b"lab-key") == 201
        assert await place(make_api(Table(DatabaseUnavailableError("open")))) == 503
        assert await place(make_api(Table(OutcomeUnknownError("no answer")))) == 504
        show = Request([], {}, b"", "limit=0")
        assert (await api.show(show)).status == 400
        assert (await make_api(Table(DatabaseUnavailableError("open"))).show(Request([], {}, b""))).status == 503
        api = make_api(Table(), Bugs())
        api.vault.bugs = Bugs(no_fallback=True)
        api.vault.fresh = False
        assert await place(api, key=b"lab-key") == 503

    asyncio.run(scene())


def test_an_acknowledged_order_is_stored() -> None:
    """With lost-ack the answer comes first, and what fails then is lost."""

    async def scene() -> None:
        table = Table()
        assert await place(make_api(table)) == 201
        assert len(table.rows) == 1
        table = Table(DatabaseUnavailableError("gone"))
        api = make_api(table, Bugs(lost_ack=True))
        assert await place(api) == 201
        await asyncio.gather(*api.orders.unwritten)
        assert not table.rows

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_order_id", ""),
        ("client_order_id", "x" * 65),
        ("client_order_id", "a\0b"),
        ("client_order_id", 7),
        ("symbol", None),
        ("side", "hold"),
        ("side", ["buy"]),
        ("quantity", 0),
        ("quantity", True),
        ("quantity", "1"),
        ("quantity", float("inf")),
    ],
)
def test_a_bad_field_is_named(name: str, value: object) -> None:
    """The error names the field that is wrong, or missing."""
    for order in ({**GOOD, name: value}, {key: GOOD[key] for key in GOOD if key != name}):
        with pytest.raises(FieldError) as caught:
            parse_order(json.dumps(order).encode())
        assert caught.value.field == name


def test_limits() -> None:
    """A hundred unless asked otherwise; what is no number from 1 to 100000 is refused."""
    assert (parse_limit(""), parse_limit("100000")) == (100, 100_000)
    for wrong in ("0", "100001", "-1", "x", "9" * 30, "²"):
        with pytest.raises(FieldError):
            parse_limit(wrong)
