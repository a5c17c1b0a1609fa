"""The least HTTP server side that the services need: routes, whole bodies, JSON answers. Plain ASGI, no framework."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

MAX_BODY_BYTES = 65_536
JSON: Header = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Request:
    """What a handler gets: the path's `{names}` in `params`, the whole body."""

    headers: list[Header]
    params: dict[str, str]
    body: bytes
    query: bytes = b""

    def header(self, name: bytes) -> str:
        """A header's value, or ""; `name` in lower case."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")

    def asked(self, name: str) -> str:
        """A parameter of the query's last value, or ""."""
        return parse_qs(self.query.decode("latin-1")).get(name, [""])[-1]


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
    """An ASGI application made of routes: "GET /workers/{hostname}/open" -> handler."""

    routes: dict[str, Handler]
    failed: Callable[[str, Exception], None]
    exact: dict[tuple[str, str], Handler] = field(init=False)
    patterns: list[tuple[str, list[str], Handler]] = field(init=False)

    def __post_init__(self) -> None:
        self.exact, self.patterns = {}, []
        for route, handler in self.routes.items():
            method, _, path = route.partition(" ")
            if "{" in path:
                self.patterns.append((method, path.split("/"), handler))
            else:
                self.exact[method, path] = handler

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._respond(scope, receive)
        length = (b"content-length", str(len(response.body)).encode())
        await send({"type": "http.response.start", "status": response.status, "headers": [*response.headers, length]})
        await send({"type": "http.response.body", "body": response.body})

    async def _respond(self, scope: Message, receive: Receive) -> Response:
        handler, params = self._route(scope["method"], scope["path"])
        body = await read_body(receive)
        if body is None:
            return error(413, "too_large", f"the body has more than {MAX_BODY_BYTES} bytes")
        if handler is None:
            return error(404, "not_found", f"no {scope['method']} {scope['path']} here")
        try:
            return await handler(Request(scope["headers"], params, body, scope["query_string"]))
        except Exception as unforeseen:  # noqa: BLE001 - a fault in one request must not take the service down
            self.failed(scope["path"], unforeseen)
            return error(500, "internal", "this is a fault of the service; its log has the details")

    def _route(self, method: str, path: str) -> tuple[Handler | None, dict[str, str]]:
        if handler := self.exact.get((method, path)):
            return handler, {}
        parts = path.split("/")
        for wanted, segments, candidate in self.patterns:
            if wanted == method and len(segments) == len(parts):
                pairs = list(zip(segments, parts, strict=True))
                if all(segment == part or segment.startswith("{") for segment, part in pairs):
                    return candidate, {segment[1:-1]: part for segment, part in pairs if segment.startswith("{")}
        return None, {}


async def read_body(receive: Receive) -> bytes | None:
    """The whole body, or None when it is larger than allowed (the rest stays unread)."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body") and len(body) <= MAX_BODY_BYTES:
        message = await receive()
        body += message.get("body", b"")
    return body if len(body) <= MAX_BODY_BYTES else None
