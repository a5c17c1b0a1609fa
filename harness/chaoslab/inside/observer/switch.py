"""The dead man's switch: without a harness, Toxiproxy's toxics are removed and its proxies enabled."""

import contextlib
import json
import socket
import threading
import time
from time import monotonic_ns as now_ns
from typing import Any

from chaoslab.inside.observer.http import http_answer

GIVE_UP_NS = 25_000_000_000

Place = tuple[str, int]


def call(place: Place, method: str, path: str, body: Any = None, timeout_seconds: float = 0.5) -> Any:
    """Make one blocking HTTP call and return its JSON (or True). Raises OSError or ValueError: no answer, no success."""
    data = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: toxiproxy\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n"
    end_ns, got, answer = now_ns() + int(timeout_seconds * 1e9), b"", None
    with socket.create_connection(place, timeout_seconds) as sock:
        sock.sendall(head.encode() + data)
        while answer is None:
            sock.settimeout(max(0.01, (end_ns - now_ns()) / 1e9))
            part = sock.recv(65_536)
            got += part
            answer = http_answer(got, ended=not part)
            if answer is None and not part:
                raise OSError("closed")
    if answer[0] >= 300:
        raise ValueError(answer[0])
    return json.loads(answer[1]) if answer[1] else True


def mend(place: Place, declared: dict[str, Any], found: dict[str, Any] | None) -> None:
    """Make one proxy as declared. One with toxics is made anew: that also ends the connections on which a DELETE would wait."""
    path = f"/proxies/{declared['name']}"
    if found is not None and not found["toxics"]:
        call(place, "POST", path, {"enabled": True})
        return
    if found is not None:
        call(place, "DELETE", path)
    call(place, "POST", "/proxies", {**declared, "enabled": True})


def make_safe(armed: dict[str, Any]) -> bool:
    """Remove all toxics and enable the proxies, verified by reading back. Returns whether that was achieved.

    Toxics are not deleted one by one: in Toxiproxy 2.12 that waits for the data on its way through them, up to 25 s under
    traffic, and every other call waits with it.
    """
    place, end_ns = (armed["host"], armed["port"]), now_ns() + GIVE_UP_NS
    while now_ns() < end_ns:
        try:
            proxies = call(place, "GET", "/proxies", timeout_seconds=0.3)
        except (OSError, ValueError):
            time.sleep(0.02)
            continue
        known = {
            name: {"name": name, "listen": proxy["listen"], "upstream": proxy["upstream"]}
            for name, proxy in proxies.items()
        }
        known.update({proxy["name"]: proxy for proxy in armed["proxies"]})
        ours = {proxy["name"] for proxy in armed["proxies"]}
        dirty = [
            name
            for name in known
            if name not in proxies or proxies[name]["toxics"] or (name in ours and not proxies[name]["enabled"])
        ]
        if not dirty:
            return True
        side_by_side([(place, known[name], proxies.get(name)) for name in dirty])
    return False


def side_by_side(jobs: list[tuple[Place, dict[str, Any], dict[str, Any] | None]]) -> None:
    """Mend proxies at the same time; what fails or takes too long shows in the next reading."""

    def attempt(job: tuple[Place, dict[str, Any], dict[str, Any] | None]) -> None:
        with contextlib.suppress(OSError, ValueError):
            mend(*job)

    threads = [threading.Thread(target=attempt, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
