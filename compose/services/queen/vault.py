"""What the queen keeps in Redis for all of its kind: JWT keys and API keys. Holds the last it saw; says how fresh that is.

Redis down: tokens are signed with the one legacy key, and API keys are those in memory. Requests never wait for Redis.
"""

import asyncio
import hashlib
import os
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.bugs import Bugs
from services.log import Log

REFRESH_SECONDS = 0.5
ANSWER_SECONDS = 1.0
ROTATE_SECONDS = 24 * 3600.0
KEYS_KEPT = 3
JWT_KEYS, API_KEYS = "jwt:keys", "api:keys"
LEGACY = "legacy"
ADD_KEY = """
local newest = redis.call('lindex', KEYS[1], 0)
if newest and tonumber(ARGV[2]) - tonumber(string.match(newest, '^[^ ]+ ([^ ]+)')) < tonumber(ARGV[3]) then return 0 end
redis.call('lpush', KEYS[1], ARGV[1])
redis.call('ltrim', KEYS[1], 0, ARGV[4] - 1)
return 1"""
"""Adds a key unless another queen has just done so; drops the oldest."""


class NoKeysError(Exception):
    """Redis is out of reach, and there is nothing to go on with."""


@dataclass(frozen=True, slots=True)
class Key:
    """One signing key, newest first in Redis."""

    name: str
    created: float
    secret: str = field(repr=False)

    def line(self) -> str:
        """As it is kept in Redis."""
        return f"{self.name} {self.created:.3f} {self.secret}"


@dataclass(slots=True)
class Vault:
    """`refresh_forever` is the background task. API keys are kept as SHA-256, by the name of their owner."""

    redis: Redis
    legacy: Key
    first_api_key: tuple[str, str]
    bugs: Bugs
    log: Log
    keys: tuple[Key, ...] = ()
    api_keys: dict[str, str] = field(default_factory=dict)
    fresh: bool = False

    @property
    def mode(self) -> Literal["redis", "legacy"]:
        """Where the signing key comes from now."""
        return "redis" if self.fresh and self.keys else "legacy"

    @property
    def source(self) -> Literal["redis", "memory"]:
        """Where the API keys come from now."""
        return "redis" if self.fresh else "memory"

    def signing(self) -> Key:
        """The key to sign with now; raises NoKeysError."""
        if self.mode == "redis":
            return self.keys[0]
        if self.bugs.no_fallback:
            raise NoKeysError("Redis is out of reach: no key to sign with")
        return self.legacy

    def named(self, name: str) -> Key | None:
        """A key that a token may have been signed with, in whichever mode."""
        return next((key for key in (*self.keys, self.legacy) if key.name == name), None)

    def owner(self, api_key: str) -> str | None:
        """Whose API key that is; raises NoKeysError."""
        if not self.fresh and self.bugs.no_fallback:
            raise NoKeysError("Redis is out of reach: API keys are unknown")
        digest = fingerprint(api_key)
        return next((name for name, known in self.api_keys.items() if known == digest), None)

    async def refresh_forever(self) -> None:
        """Read all again, now and then."""
        while True:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._refresh()
                self._note(fresh=True)
            except (RedisError, OSError) as problem:
                self._note(fresh=False, problem=str(problem) or "no answer in time")
            await asyncio.sleep(REFRESH_SECONDS)

    async def _refresh(self) -> None:
        stored: list[bytes] = await cast("Awaitable[Any]", self.redis.lrange(JWT_KEYS, 0, -1))
        if not stored and self.keys:
            # It came back empty: tokens that were signed with what is known here must go on to verify.
            await cast("Awaitable[Any]", self.redis.rpush(JWT_KEYS, *(key.line() for key in self.keys)))
        elif not stored or time.time() - _key(stored[0]).created > ROTATE_SECONDS:
            new = Key(os.urandom(4).hex(), round(time.time(), 3), os.urandom(32).hex())
            await self.redis.eval(
                ADD_KEY, 1, JWT_KEYS, new.line(), str(new.created), str(ROTATE_SECONDS), str(KEYS_KEPT)
            )
            stored = await cast("Awaitable[Any]", self.redis.lrange(JWT_KEYS, 0, -1))
        owners: dict[bytes, bytes] = await cast("Awaitable[Any]", self.redis.hgetall(API_KEYS))
        if not owners:
            known = self.api_keys or {self.first_api_key[0]: fingerprint(self.first_api_key[1])}
            await cast("Awaitable[Any]", self.redis.hset(API_KEYS, mapping=cast("Any", known)))
            self.api_keys = known
        else:
            self.api_keys = {name.decode(): digest.decode() for name, digest in owners.items()}
        if stored:
            self.keys = tuple(_key(line) for line in stored)

    def _note(self, *, fresh: bool, problem: str = "") -> None:
        if fresh != self.fresh:
            self.fresh = fresh
            if fresh:
                self.log("keys come from redis", keys=len(self.keys), api_keys=len(self.api_keys))
            else:
                self.log("redis is out of reach, legacy keys are used", level="warning", problem=problem)


def fingerprint(api_key: str) -> str:
    """What is stored of an API key."""
    return hashlib.sha256(api_key.encode()).hexdigest()


def _key(line: bytes) -> Key:
    name, created, secret = line.decode().split(" ")
    return Key(name, float(created), secret)
