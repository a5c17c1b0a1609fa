"""Clients of Redis: one address, or whoever Sentinel says is the master. Short time-outs, and no retries of their own."""

from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from services import environment

CONNECTIONS = 8
MASTER = "lab"
"""Sentinel's name for the master (compose/redis-ha.yml)."""


def connect(answer_seconds: float) -> Redis:
    """A client as `REDIS_URL` and, before it, `REDIS_SENTINEL` (host:port) say; raises ValueError for a bad setting."""
    settings: dict[str, Any] = {
        "socket_connect_timeout": answer_seconds,
        "socket_timeout": answer_seconds,
        "retry": Retry(NoBackoff(), 0),
    }
    sentinel = environment.text("REDIS_SENTINEL", "")
    if not sentinel:
        url = environment.text("REDIS_URL", "redis://127.0.0.1:6379")
        return Redis.from_url(url, max_connections=CONNECTIONS, **settings)
    address = urlsplit(f"//{sentinel}")
    if not address.hostname or not address.port:
        raise ValueError(f"REDIS_SENTINEL: {sentinel!r} is not host:port")
    watchers = Sentinel([(address.hostname, address.port)], sentinel_kwargs=settings, **settings)  # type: ignore[no-untyped-call]
    client: Redis = watchers.master_for(MASTER, max_connections=CONNECTIONS)
    return client
