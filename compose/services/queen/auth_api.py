"""Logging in, and the pages that only a logged-in user sees."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from services.http_app import Handler, Request, Response, answer, busy, error
from services.http_connection import PeerLostError
from services.http_peer import Peer
from services.metrics import Counter
from services.queen.tokens import BadTokenError, Tokens
from services.queen.vault import LEGACY, NoKeysError, Vault

HIVE_SECONDS = 0.5
Dependencies = Callable[[], Awaitable[dict[str, bool]]]


@dataclass(frozen=True, slots=True)
class AuthApi:
    """Handlers over their collaborators. `users`: password by name; `dependencies` tells which of them answer."""

    users: dict[str, str]
    tokens: Tokens
    vault: Vault
    hive: Peer
    dependencies: Dependencies
    logins: Counter

    def routes(self) -> dict[str, Handler]:
        """Path to handler."""
        pages: dict[str, Handler] = {
            "jwt/status": self.jwt_status,
            "jwt/keys": self.jwt_keys,
            "agents": self.agents,
            "api-keys": self.api_keys,
            "automl/trials": self.nothing_yet("trials"),
            "hypersync/proposals": self.nothing_yet("proposals"),
            "health": self.health,
        }
        return {
            "POST /auth/login": self.login,
            "POST /auth/refresh": self.refresh,
            **{f"GET /admin/{path}": self.guarded(page) for path, page in pages.items()},
        }

    def guarded(self, page: Handler) -> Handler:
        """The page, for bearers of an access token."""

        async def show(request: Request) -> Response:
            scheme, _, token = request.header(b"authorization").partition(" ")
            try:
                self.tokens.subject(token.strip() if scheme.lower() == "bearer" else "", "access")
            except BadTokenError as problem:
                return error(401, "unauthorized", str(problem), (b"www-authenticate", b"Bearer"))
            return await page(request)

        return show

    async def login(self, request: Request) -> Response:
        """A pair of tokens for a name and a password."""
        response = self._login(request)
        self.logins.add(str(response.status))
        return response

    def _login(self, request: Request) -> Response:
        body = _object(request)
        name, password = str(body.get("username", "")), str(body.get("password", ""))
        known = self.users.get(name, "")
        if not known or not hmac.compare_digest(known.encode(), password.encode()):
            return error(401, "unauthorized", "wrong username or password")
        return self._pair(name)

    async def refresh(self, request: Request) -> Response:
        """A new pair for a refresh token."""
        try:
            return self._pair(self.tokens.subject(str(_object(request).get("refresh_token", "")), "refresh"))
        except BadTokenError as problem:
            return error(401, "unauthorized", str(problem))

    def _pair(self, subject: str) -> Response:
        try:
            return answer(200, self.tokens.pair(subject))
        except NoKeysError as problem:
            return busy("no_keys", str(problem))

    async def jwt_status(self, _: Request) -> Response:
        """Which mode signs: with the newest key in Redis, or with the legacy key."""
        vault = self.vault
        current = vault.keys[0].name if vault.mode == "redis" else LEGACY
        return answer(200, {"mode": vault.mode, "algorithm": "HS256", "current_key": current, "keys": len(vault.keys)})

    async def jwt_keys(self, _: Request) -> Response:
        """Names and ages of the keys, newest first; never a secret."""
        keys = [{"kid": key.name, "created_unix_seconds": key.created} for key in self.vault.keys]
        return answer(200, {"mode": self.vault.mode, "keys": [*keys, {"kid": LEGACY}]})

    async def agents(self, _: Request) -> Response:
        """The workers, as the hive knows them."""
        try:
            async with asyncio.timeout(HIVE_SECONDS):
                reply = await self.hive.ask("GET", "/workers")
        except (PeerLostError, TimeoutError) as problem:
            return busy("hive_unavailable", str(problem) or "no answer in time")
        workers = json.loads(reply.body)["workers"]
        return answer(200, {"agents": [{"name": each["hostname"], "state": each["state"]} for each in workers]})

    async def api_keys(self, _: Request) -> Response:
        """Who has an API key, and where that is known from."""
        return answer(200, {"source": self.vault.source, "api_keys": [{"owner": name} for name in self.vault.api_keys]})

    def nothing_yet(self, what: str) -> Handler:
        """A list that is always empty in the lab."""

        async def show(_: Request) -> Response:
            return answer(200, {what: []})

        return show

    async def health(self, _: Request) -> Response:
        """What works, and in which mode."""
        dependencies = await self.dependencies()
        status = "ok" if all(dependencies.values()) else "degraded"
        return answer(200, {"status": status, "dependencies": dependencies, "jwt_mode": self.vault.mode})


def _object(request: Request) -> dict[str, Any]:
    """The body's fields; an unreadable body has none."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
