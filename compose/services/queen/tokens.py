"""JSON Web Tokens, HS256: issued with the vault's newest key, verified with whichever key they name."""

import os
import time
from dataclasses import dataclass
from typing import Any, Literal

import jwt

from services.queen.vault import Vault

ACCESS_SECONDS = 900
REFRESH_SECONDS = 86_400
Kind = Literal["access", "refresh"]


class BadTokenError(Exception):
    """Not a token of ours, of the wrong kind, or expired."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues and verifies."""

    vault: Vault

    def pair(self, subject: str) -> dict[str, Any]:
        """A new access and refresh token; raises NoKeysError."""
        return {
            "access_token": self._issue(subject, "access", ACCESS_SECONDS),
            "refresh_token": self._issue(subject, "refresh", REFRESH_SECONDS),
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
        }

    def subject(self, token: str, kind: Kind) -> str:
        """Whose token it is; raises BadTokenError."""
        try:
            key = self.vault.named(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                raise BadTokenError("signed with an unknown key")
            claims = jwt.decode(token, key.secret, algorithms=["HS256"], options={"require": ["exp", "sub"]})
        except jwt.PyJWTError as problem:
            raise BadTokenError(str(problem)) from problem
        if claims.get("type") != kind:
            raise BadTokenError(f"this is no {kind} token")
        return str(claims["sub"])

    def _issue(self, subject: str, kind: Kind, seconds: int) -> str:
        now, key = int(time.time()), self.vault.signing()
        claims = {"sub": subject, "type": kind, "jti": os.urandom(8).hex(), "iat": now, "exp": now + seconds}
        return jwt.encode(claims, key.secret, algorithm="HS256", headers={"kid": key.name})
