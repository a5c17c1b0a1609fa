"""Logging in: tokens, their keys, API keys, and how all of it goes on without Redis. Redis is played by a few lines."""

import asyncio
import io
import json
import time
from typing import Any, cast

import jwt
import pytest
from redis.asyncio import Redis
from services.bugs import Bugs
from services.http_app import Request, Response
from services.http_peer import Peer
from services.log import Log
from services.metrics import Counter
from services.queen.auth_api import AuthApi
from services.queen.tokens import BadTokenError, Tokens
from services.queen.vault import ADD_KEY, LEGACY, Key, NoKeysError, Vault, fingerprint

from unit.services.peers import unused_url

LEGACY_SECRET = "l" * 40


class Memory:
    """Redis as far as the vault needs it."""

    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.owners: dict[bytes, bytes] = {}

    async def eval(self, script: str, _keys: int, _name: str, line: str, *_: str) -> None:
        """Add a key."""
        assert script == ADD_KEY
        self.keys.insert(0, line.encode())

    async def rpush(self, _name: str, *lines: str) -> None:
        """Put keys back."""
        self.keys += [line.encode() for line in lines]

    async def hset(self, _name: str, mapping: dict[str, str]) -> None:
        """Put API keys back."""
        self.owners = {owner.encode(): digest.encode() for owner, digest in mapping.items()}

    async def lrange(self, *_: object) -> list[bytes]:
        """Tell the keys."""
        return self.keys

    async def hgetall(self, _name: str) -> dict[bytes, bytes]:
        """Tell the owners."""
        return self.owners


def make_vault(bugs: Bugs | None = None) -> Vault:
    """A vault that has seen Redis."""
    return Vault(
        cast("Redis", Memory()),
        Key(LEGACY, 0.0, LEGACY_SECRET),
        ("lab", "lab-key"),
        bugs or Bugs(),
        Log("queen", "test", stream=io.StringIO()),
        keys=(Key("k1", time.time(), "s" * 64),),
        api_keys={"lab": fingerprint("lab-key")},
        fresh=True,
    )


def test_tokens_name_their_key_and_their_subject() -> None:
    """A token verifies with the key from Redis, for its own kind only."""
    tokens = Tokens(make_vault())
    pair = tokens.pair("admin")
    assert jwt.get_unverified_header(pair["access_token"])["kid"] == tokens.vault.keys[0].name
    assert tokens.subject(pair["access_token"], "access") == "admin"
    assert tokens.subject(pair["refresh_token"], "refresh") == "admin"
    with pytest.raises(BadTokenError, match="no access token"):
        tokens.subject(pair["refresh_token"], "access")


def test_an_outage_invalidates_no_token() -> None:
    """Tokens from before verify during it, tokens from during it verify afterwards."""
    tokens = Tokens(make_vault())
    before = tokens.pair("admin")["access_token"]
    tokens.vault.fresh = False
    during = tokens.pair("admin")["access_token"]
    assert jwt.get_unverified_header(during)["kid"] == LEGACY
    assert {tokens.subject(token, "access") for token in (before, during)} == {"admin"}
    tokens.vault.fresh = True
    assert tokens.subject(during, "access") == "admin"
    assert (tokens.vault.mode, tokens.vault.source) == ("redis", "redis")


def test_what_was_not_signed_by_us_is_refused() -> None:
    """Rubbish, unknown keys, other secrets, no algorithm, expired."""
    tokens = Tokens(make_vault())
    claims = {"sub": "admin", "type": "access", "exp": 4e9}
    forged = [
        "rubbish",
        jwt.encode(claims, "x" * 40, headers={"kid": "other"}),
        jwt.encode(claims, "x" * 40, headers={"kid": LEGACY}),
        jwt.encode(claims, None, algorithm="none", headers={"kid": LEGACY}),
        jwt.encode({**claims, "exp": 1}, LEGACY_SECRET, headers={"kid": LEGACY}),
    ]
    for token in forged:
        with pytest.raises(BadTokenError):
            tokens.subject(token, "access")


def test_api_keys_stay_known_in_memory() -> None:
    """Known and unknown are told apart with and without Redis; only their fingerprints are kept."""
    vault = make_vault()
    for fresh in (True, False):
        vault.fresh = fresh
        assert (vault.owner("lab-key"), vault.owner("other")) == ("lab", None)
    assert "lab-key" not in str(vault.api_keys)


def test_no_fallback_leaves_nothing_to_go_on_with() -> None:
    """The bug: without Redis there is neither a key to sign with nor an API key."""
    vault = make_vault(Bugs(no_fallback=True))
    assert vault.signing() == vault.keys[0]
    vault.fresh = False
    with pytest.raises(NoKeysError):
        vault.signing()
    with pytest.raises(NoKeysError):
        vault.owner("lab-key")


def refreshed(vault: Vault) -> Vault:
    """Read Redis twice: what the first look puts there, the second sees."""
    for _ in range(2):
        asyncio.run(vault._refresh())
    return vault


def test_the_first_queen_makes_the_keys() -> None:
    """An empty Redis gets a signing key and the first API key."""
    vault = make_vault()
    vault.keys, vault.api_keys = (), {}
    refreshed(vault)
    assert len(vault.keys) == 1
    assert (vault.mode, vault.owner("lab-key")) == ("redis", "lab")


def test_a_redis_that_came_back_empty_is_given_the_known_keys() -> None:
    """Tokens from before go on to verify, here and at every other queen."""
    vault = make_vault()
    token = Tokens(vault).pair("admin")["access_token"]
    refreshed(vault)
    other = make_vault()
    other.redis, other.keys = vault.redis, ()
    assert Tokens(refreshed(other)).subject(token, "access") == "admin"


def test_an_old_key_is_replaced_and_kept() -> None:
    """After a day there is a new key to sign with; tokens of the old one verify."""
    vault = make_vault()
    refreshed(vault)
    token = Tokens(vault).pair("admin")["access_token"]
    cast("Any", vault.redis).keys[0] = Key("k1", 1.0, "s" * 64).line().encode()
    refreshed(vault)
    assert [key.name for key in vault.keys[1:]] == ["k1"]
    assert vault.signing().name != "k1"
    assert Tokens(vault).subject(token, "access") == "admin"


async def nothing_answers() -> dict[str, bool]:
    """No dependency is there."""
    return {"hive": False}


def make_api(bugs: Bugs | None = None) -> AuthApi:
    """The API, without a hive."""
    vault = make_vault(bugs)
    hive = Peer(unused_url(), connect_seconds=0.5)
    return AuthApi({"admin": "secret"}, Tokens(vault), vault, hive, nothing_answers, Counter("logins", "status"))


def ask(api: AuthApi, route: str, body: object = None, token: str = "") -> tuple[int, dict[str, Any], Response]:
    """Ask a route: status, JSON, and the response itself."""
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []

    async def handle() -> Response:
        return await api.routes()[route](Request(headers, {}, json.dumps(body).encode()))

    response = asyncio.run(handle())
    return response.status, json.loads(response.body), response


def test_login_and_refresh() -> None:
    """Right gives a pair, wrong 401, a refresh token a new pair; each answer is counted."""
    api = make_api()
    status, pair, _ = ask(api, "POST /auth/login", {"username": "admin", "password": "secret"})
    assert (status, pair["token_type"]) == (200, "Bearer")
    wrong: object
    for wrong in ({"username": "admin", "password": "no"}, {"username": "root", "password": ""}, [], None):
        assert ask(api, "POST /auth/login", wrong)[0] == 401
    assert ask(api, "POST /auth/refresh", {"refresh_token": pair["refresh_token"]})[0] == 200
    assert ask(api, "POST /auth/refresh", {"refresh_token": pair["access_token"]})[0] == 401
    assert api.logins.values == {"200": 1, "401": 4}


def test_login_without_any_key_is_refused_for_now() -> None:
    """With no-fallback and no Redis: 503 and Retry-After, no traceback."""
    api = make_api(Bugs(no_fallback=True))
    api.vault.fresh = False
    status, _, response = ask(api, "POST /auth/login", {"username": "admin", "password": "secret"})
    assert (status, (b"retry-after", b"1") in response.headers) == (503, True)


def test_the_pages_are_for_bearers_of_a_token() -> None:
    """401 without; with one, each page answers, and no secret is on any."""
    api = make_api()
    token = api.tokens.pair("admin")["access_token"]
    pages = [route for route in api.routes() if route.startswith("GET /admin/")]
    assert len(pages) == 7
    for page in pages:
        assert ask(api, page)[0] == 401
        status, _, response = ask(api, page, token=token)
        assert status == (503 if page.endswith("/agents") else 200)
        assert api.vault.keys[0].secret.encode() not in response.body
        assert LEGACY_SECRET.encode() not in response.body
    assert ask(api, "GET /admin/health", token=token)[1]["status"] == "degraded"
    api.vault.fresh = False
    assert ask(api, "GET /admin/jwt/status", token=token)[1]["mode"] == "legacy"
    assert ask(api, "GET /admin/api-keys", token=token)[1] == {"source": "memory", "api_keys": [{"owner": "lab"}]}
