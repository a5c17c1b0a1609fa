"""The dead man's switch against a small server that speaks Toxiproxy's API (tests/engine has the real one)."""

import signal
from collections.abc import Callable, Iterator

import pytest

from chaoslab.clock import SystemClock
from unit.observe.conftest import Plain
from unit.observe.plain import DEADLINE_SECONDS, lab_spec
from unit.observe.servers import FakeToxiproxy, Server, serving

Observing = Callable[..., Plain]
ALLOWED_SECONDS = 3.0


@pytest.fixture
def toxiproxy() -> Iterator[tuple[FakeToxiproxy, Server]]:
    """Give a server with the link's proxy and another one, both with toxics."""
    fake = FakeToxiproxy()
    fake.add("web-proxy", "latency_downstream", "odd")
    fake.add("other", "more")
    with serving(fake.serve) as server:
        yield fake, server


def armed(observing: Observing, server: Server) -> Plain:
    """Start an observer armed against that server."""
    spec = lab_spec(api_port=server.port)
    plain = observing(spec)
    plain.observer.arm(tuple(spec.links.values()))
    plain.observer.stats()  # an answer: the arming before it was taken in
    return plain


def seconds_to_end(plain: Plain) -> float:
    """Wait for the process's end and say how long that took."""
    began = SystemClock().now_ns()
    assert plain.pipes.process.wait(DEADLINE_SECONDS) == 0
    return (SystemClock().now_ns() - began) / 1e9


@pytest.mark.parametrize("end", ["input", "SIGTERM"])
def test_cleans_when_the_harness_is_gone(
    observing: Observing, toxiproxy: tuple[FakeToxiproxy, Server], end: str
) -> None:
    """The end of the input, or a SIGTERM, removes all toxics and enables the proxies within 3 s."""
    fake, server = toxiproxy
    fake.proxies["web-proxy"]["enabled"] = False
    plain = armed(observing, server)
    if end == "input":
        plain.pipes.end_input()
    else:
        plain.pipes.process.send_signal(signal.SIGTERM)
    assert seconds_to_end(plain) < ALLOWED_SECONDS
    assert fake.clean, fake.proxies
    assert set(fake.proxies) == {"web-proxy", "other"}


def test_a_lost_proxy_is_made_anew(observing: Observing, toxiproxy: tuple[FakeToxiproxy, Server]) -> None:
    """A proxy that is gone from the server is created as it was declared."""
    fake, server = toxiproxy
    del fake.proxies["web-proxy"]
    plain = armed(observing, server)
    plain.pipes.end_input()
    assert seconds_to_end(plain) < ALLOWED_SECONDS
    assert fake.clean
    assert "web-proxy" in fake.proxies


def test_an_orderly_stop_touches_nothing(observing: Observing, toxiproxy: tuple[FakeToxiproxy, Server]) -> None:
    """After `stop` the observer makes no call at all."""
    fake, server = toxiproxy
    armed(observing, server).observer.stop()
    assert fake.calls == []


def test_unarmed_it_touches_nothing(observing: Observing, toxiproxy: tuple[FakeToxiproxy, Server]) -> None:
    """An observer that is not armed, or not any more, only ends."""
    fake, server = toxiproxy
    plain = armed(observing, server)
    plain.observer.arm(())
    plain.observer.stats()
    plain.pipes.end_input()
    assert seconds_to_end(plain) < ALLOWED_SECONDS
    assert fake.calls == []


def test_silence(toxiproxy: tuple[FakeToxiproxy, Server]) -> None:
    """An observer that nobody pings any more cleans up, even while its input stays open."""
    from unit.observe.plain import PROXY, Pipes

    fake, server = toxiproxy
    pipes = Pipes("0.5")
    pipes.send({"c": "arm", "host": PROXY, "port": server.port, "proxies": []})
    assert pipes.process.wait(DEADLINE_SECONDS) == 0
    assert fake.clean
    pipes.close()
