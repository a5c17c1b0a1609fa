"""The driver's other half: tunnels, single requests, the clock's tie, stats and the end."""

import asyncio
import json
import socket
from collections.abc import Callable
from urllib.request import urlopen

import pytest

from chaoslab.clock import SystemClock, Tie
from chaoslab.errors import LabError, ToolError
from chaoslab.model.lab import Probe
from chaoslab.observe.tie import DRIFT, Pong, TieKeeper
from unit.observe.conftest import Plain
from unit.observe.plain import DEADLINE_SECONDS, LOCAL, lab_spec
from unit.observe.servers import answering, head_of, http, serving

Observing = Callable[..., Plain]


def test_tunnel_round_trip(observing: Observing) -> None:
    """Bytes sent to the tunnel's near end reach the service, and its bytes come back, whole and in order."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()

    payload = bytes(range(256)) * 4000
    with serving(echo) as server:
        near = observing(lab_spec()).observer.tunnel("web", server.port)
        with (
            socket.create_connection(near, DEADLINE_SECONDS) as one,
            socket.create_connection(near, DEADLINE_SECONDS) as two,
        ):
            for end in (one, two):
                end.sendall(payload)
            for end in (one, two):
                got = b""
                while len(got) < len(payload):
                    part = end.recv(65_536)
                    assert part, f"closed after {len(got)} bytes"
                    got += part
                assert got == payload


def test_tunnel_ends(observing: Observing) -> None:
    """A tunnel passes on the far end's close, and closes at once where nobody listens."""
    with serving(answering(http(b"hello"))) as server:
        observer = observing(lab_spec()).observer
        host, port = observer.tunnel("web", server.port)
        assert observer.tunnel("web", server.port) == (host, port)
        with urlopen(f"http://{host}:{port}/", timeout=DEADLINE_SECONDS) as answer:
            assert answer.read() == b"hello"
        for service in ("web", "nobody"):
            with socket.create_connection(observer.tunnel(service, 1), DEADLINE_SECONDS) as near:
                assert near.recv(1) == b""


def test_request(observing: Observing) -> None:
    """One request from inside the lab gives status, body and instants; failures say what was asked and why."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await head_of(reader)).decode()
        writer.write(http(json.dumps({"asked": asked, "word": "h\u00e9"}, ensure_ascii=False).encode(), 418))
        await writer.drain()

    with serving(serve) as server:
        observer = observing(lab_spec()).observer
        before = observer.tie.to_lab_ns(SystemClock().now_ns())
        reply = observer.request("POST", f"web[1]:{server.port}/x?y=1", body={"a": 1}, headers={"X-Y": "z"})
        assert reply.status == 418
        assert json.loads(reply.body)["word"] == "h\u00e9"
        assert "POST /x?y=1 HTTP/1.1" in json.loads(reply.body)["asked"]
        assert before - 10_000_000 < reply.sent_ns <= reply.at_ns
        with pytest.raises(ToolError, match=r"GET web:1/ from inside the lab: refused"):
            observer.request("GET", "web:1/")
        with pytest.raises(LabError, match=r"no address is known for web\[2\]"):
            observer.request("GET", "web[2]:1/")
        with pytest.raises(LabError, match="not of the form"):
            observer.request("GET", "web")


def test_a_request_times_out(observing: Observing) -> None:
    """A request that gets no answer says so at its time-out."""
    with (
        serving(answering(http(), after_seconds=5)) as server,
        pytest.raises(ToolError, match=r"timeout \(waited up to 0.1 s\)"),
    ):
        observing(lab_spec()).observer.request("GET", f"{LOCAL}:{server.port}/", timeout_seconds=0.1)


def test_tie_of_one_machine(observing: Observing) -> None:
    """On one machine both clocks are the same, and the tie finds that within its own error."""
    plain = observing(lab_spec())
    tie = plain.observer.tie
    assert abs(tie.offset_ns) <= tie.error_ns < 10_000_000
    assert plain.sink.tie.error_ns > 0
    real = int(SystemClock().wall() * 1e9)
    assert abs(plain.observer.real_minus_mono_ns + SystemClock().now_ns() - real) < 50_000_000


def test_tie_prefers_short_round_trips_and_ages() -> None:
    """The shortest round trip wins until drift has made its error the larger one."""
    keeper = TieKeeper()
    with pytest.raises(LookupError):
        keeper.tie(0)
    keeper.add(Pong(0, 1_000_000, 5_000_500_000, 0))
    assert keeper.tie(1_000_000) == Tie(5_000_000_000, 500_000)
    keeper.add(Pong(10_000_000, 13_000_000, 5_000_000_000 + 11_500_000 + 700, 0))
    assert keeper.tie(13_000_000).offset_ns == 5_000_000_000
    later = 13_000_000 + int(2_000_000 / DRIFT)
    keeper.add(Pong(later - 3_000_000, later, 5_000_000_000 + later - 1_500_000 + 900, 0))
    assert keeper.tie(later) == Tie(5_000_000_900, 1_500_000)


def test_stats(observing: Observing) -> None:
    """The observer's own CPU share and samples can be read, and compared between two readings."""
    with serving(answering(http())) as server:
        probe = Probe(name="web", service="web", port=server.port)
        plain = observing(lab_spec(probe))
        before = plain.observer.stats()
        plain.observer.watch([probe])
        plain.sink.wait(lambda: len(plain.sink.samples) >= 10, "samples")
        during = plain.observer.stats().since(before)
    assert during.samples >= 10
    assert 0 < during.cpu_percent_of_one_core < 50
    assert during.unsendable == 0


def test_stop_is_orderly_and_idempotent(observing: Observing) -> None:
    """A stopped observer has exited with 0, delivered every sample, and nobody was alarmed."""
    with serving(answering(http())) as server:
        probe = Probe(name="web", service="web", port=server.port)
        plain = observing(lab_spec(probe))
        plain.observer.watch([probe])
        plain.sink.wait(lambda: plain.sink.samples, "a sample")
        plain.observer.stop()
        plain.observer.stop()
    assert plain.pipes.process.returncode == 0
    assert plain.sink.failures == []
    assert plain.sink.events == []
