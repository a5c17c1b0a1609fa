"""What a service answers: routes, requests with whole bodies, JSON answers. Knows nothing of connections."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote

Header = tuple[bytes, bytes]

MAX_BODY_BYTES = 65_536
JSON: Header = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Received:
    """A whole request as it came; `target` is the path with its query. `last`: the connection ends with its answer."""

    method: str
    target: str
    headers: list[Header]
    body: bytes
    last: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What a handler gets: the path's `{names}` in `params`, the whole body."""

    headers: list[Header]
    params: dict[str, str]
    body: bytes
    query: str = ""

    def header(self, name: bytes) -> str:
        """A header's value, or ""; `name` in lower case."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")

    def asked(self, name: str) -> str:
        """A parameter of the query's last value, or ""."""
        return parse_qs(self.query).get(name, [""])[-1]


@dataclass(frozen=True, slots=True)
class Response:
    """What a handler gives."""

    status: int
    body: bytes
    headers: tuple[Header, ...] = (JSON,)


Handler = Callable[[Request], Awaitable[Response]]


def answer(status: int, value: object, *headers: Header) -> Response:
    """A JSON answer."""
    return Response(status, json.dumps(value).encode(), (JSON, *headers))


def error(status: int, code: str, message: str, *headers: Header, **facts: str) -> Response:
    """A JSON answer that says what is wrong and, in `facts`, where."""
    return answer(status, {"error": {"code": code, "message": message, **facts}}, *headers)


def busy(code: str, message: str, retry_after_seconds: int = 1) -> Response:
    """503 with Retry-After: not now, but soon."""
    return error(503, code, message, (b"retry-after", str(retry_after_seconds).encode()))


def full(message: str) -> Response:
    """507: no room for it, on disk or in memory. It may fit elsewhere, or later."""
    return error(507, "insufficient_storage", message, (b"retry-after", b"5"))


@dataclass(slots=True)
class App:
    """Routes to handlers: "GET /workers/{hostname}/open" -> handler."""

    routes: dict[str, Handler]
    failed: Callable[[str, Exception], None]
    exact: dict[str, Handler] = field(init=False)
    patterns: list[tuple[re.Pattern[str], Handler]] = field(init=False)

    def __post_init__(self) -> None:
        self.exact = {route: handler for route, handler in self.routes.items() if "{" not in route}
        self.patterns = [(pattern(route), handler) for route, handler in self.routes.items() if "{" in route]

    async def respond(self, received: Received) -> Response:
        """Answer one request."""
        path, _, query = received.target.partition("?")
        if "%" in path:
            path = unquote(path)
        wanted = f"{received.method} {path}"
        handler, params = self._route(wanted)
        if len(received.body) > MAX_BODY_BYTES:
            return error(413, "too_large", f"the body has more than {MAX_BODY_BYTES} bytes")
        if handler is None:
            return error(404, "not_found", f"no {wanted} here")
        try:
            return await handler(Request(received.headers, params, received.body, query))
        except Exception as unforeseen:  # noqa: BLE001 - a fault in one request must not take the service down
            self.failed(path, unforeseen)
            return error(500, "internal", "this is a fault of the service; its log has the details")

    def _route(self, wanted: str) -> tuple[Handler | None, dict[str, str]]:
        if handler := self.exact.get(wanted):
            return handler, {}
        for known, candidate in self.patterns:
            if found := known.fullmatch(wanted):
                return candidate, found.groupdict()
        return None, {}


def pattern(route: str) -> re.Pattern[str]:
    """What requests of a route with `{names}` look like; a name stands for one part of the path."""
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]*)", re.escape(route)))
