"""The one door to Toxiproxy's control API (toxiproxy-python): deadlines, read-back and clear errors.

The client keeps its address in class variables and has no time-outs, and the server accepts misspelt attributes:
this door sets the address under a lock, bounds every call and compares what it asked for with what it reads back.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chaoslab.errors import ToolError

CALL_TIMEOUT_SECONDS = 3.0
DELETE_TIMEOUT_SECONDS = 1.5
DELETE_TRIES = 4
NO_ENVIRONMENT_PROXY: dict[str, Any] = {"http": None, "https": None}
_address_lock = threading.Lock()  # guards the client's class variables


@dataclass(frozen=True, slots=True)
class ToxicState:
    """A toxic as the server has it."""

    name: str
    type: str
    stream: str
    toxicity: float
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProxyState:
    """A proxy as the server has it."""

    name: str
    listen: str
    upstream: str
    enabled: bool
    toxics: tuple[ToxicState, ...]


class Toxiproxy:
    """A Toxiproxy server's control API at an address that this process can dial (a tunnel's near end)."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port

    def version(self) -> str:
        """Return the server's version text."""
        with self._calling("read its version") as api:
            return str(api.get("/version", **_bounds()).text)

    def proxies(self) -> dict[str, ProxyState]:
        """Return every proxy with its toxics, by name."""
        with self._calling("list proxies") as api:
            raw = api.get("/proxies", **_bounds()).json()
        return {name: _proxy(value) for name, value in raw.items()}

    def create(self, name: str, listen: str, upstream: str) -> None:
        """Create a proxy, replacing one of the same name."""
        with self._calling(f"create proxy {name}") as api:
            _checked(
                api.post(
                    "/populate",
                    json=[{"name": name, "listen": listen, "upstream": upstream, "enabled": True}],
                    **_bounds(),
                )
            )

    def set_enabled(self, link: str, enabled: bool) -> None:
        """Open or close a proxy; closing refuses new connections and ends those it has."""
        with self._calling(f"{'enable' if enabled else 'disable'} proxy {link}") as api:
            _checked(api.post(f"/proxies/{link}", json={"enabled": enabled}, **_bounds()))
        if self.proxies()[link].enabled is not enabled:
            raise ToolError(f"Toxiproxy accepted enabled={enabled} for proxy {link} but reads back otherwise")

    def add_toxic(self, link: str, wanted: ToxicState) -> ToxicState:
        """Add a toxic and return it as read back. Raises ToolError when the server has something else than was asked for."""
        body = {
            "name": wanted.name,
            "type": wanted.type,
            "stream": wanted.stream,
            "toxicity": wanted.toxicity,
            "attributes": wanted.attributes,
        }
        with self._calling(f"add toxic {wanted.name} to {link}") as api:
            got = _toxic(_checked(api.post(f"/proxies/{link}/toxics", json=body, **_bounds())).json())
        for key, value in wanted.attributes.items():
            if got.attributes.get(key) != value:
                raise ToolError(
                    f"Toxiproxy read back {key}={got.attributes.get(key)!r} instead of {value!r} for toxic {wanted.name} on {link}"
                )
        return got

    def remove_toxic(self, link: str, name: str) -> None:
        """Remove a toxic and see that it is gone; one that is gone already is fine.

        Under traffic a DELETE can hang and answer 503 (server 2.12): it is bounded, verified by a read and tried again;
        if it stays, the proxy is made anew. Raises ToolError when even that leaves it.
        """
        for _ in range(DELETE_TRIES):
            try:
                with self._calling(f"remove toxic {name} from {link}") as api:
                    api.delete(
                        f"/proxies/{link}/toxics/{name}", timeout=DELETE_TIMEOUT_SECONDS, proxies=NO_ENVIRONMENT_PROXY
                    )
            except ToolError as error:
                if error.code != 404 and self._gone(link, name):
                    return
            if self._gone(link, name):
                return
        self._recreate(link)
        if not self._gone(link, name):
            raise ToolError(
                f"toxic {name} on {link} cannot be removed",
                remedy="restart the Toxiproxy container, then `chaoslab status`",
            )

    def _gone(self, link: str, name: str) -> bool:
        proxy = self.proxies().get(link)
        return proxy is None or all(toxic.name != name for toxic in proxy.toxics)

    def _recreate(self, link: str) -> None:
        state = self.proxies()[link]
        with self._calling(f"recreate proxy {link}") as api:
            api.delete(f"/proxies/{link}", timeout=CALL_TIMEOUT_SECONDS, proxies=NO_ENVIRONMENT_PROXY)
        self.create(link, state.listen, state.upstream)

    @contextmanager
    def _calling(self, what: str) -> Iterator[Any]:
        """Give the client, pointed at this server, and turn its errors into ours."""
        import requests  # noqa: PLC0415 - costs 90 ms, so only where a lab is driven
        from toxiproxy.api import APIConsumer  # noqa: PLC0415 - the same
        from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists  # noqa: PLC0415 - the same

        with _address_lock:
            APIConsumer.host, APIConsumer.port = self.host, self.port
            try:
                yield APIConsumer
            except NotFound as error:
                raise ToolError(f"Toxiproxy: cannot {what}: not found: {error}", code=404) from error
            except (InvalidToxic, ProxyExists) as error:
                raise ToolError(f"Toxiproxy: cannot {what}: {error}", code=400) from error
            except (requests.exceptions.RequestException, ValueError, OSError) as error:
                raise ToolError(
                    f"Toxiproxy does not answer ({what}): {error}", remedy="`docker compose logs toxiproxy` tells why"
                ) from error


def _bounds() -> dict[str, Any]:
    return {"timeout": CALL_TIMEOUT_SECONDS, "proxies": NO_ENVIRONMENT_PROXY}


def _checked(response: Any) -> Any:
    if response.status_code >= 400:
        raise ToolError(
            f"Toxiproxy answered {response.status_code}: {response.text.strip()}", code=response.status_code
        )
    return response


def _toxic(raw: Mapping[str, Any]) -> ToxicState:
    return ToxicState(raw["name"], raw["type"], raw["stream"], float(raw["toxicity"]), dict(raw["attributes"]))


def _proxy(raw: Mapping[str, Any]) -> ProxyState:
    return ProxyState(
        raw["name"],
        raw["listen"],
        raw["upstream"],
        bool(raw["enabled"]),
        tuple(_toxic(toxic) for toxic in raw["toxics"] or ()),
    )
