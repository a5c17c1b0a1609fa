"""The observer against real servers: what it sends, when, and what it calls the answers."""

import asyncio
import socket
import struct
from collections.abc import Callable
from itertools import pairwise

import pytest

from chaoslab.clock import NS_PER_MS
from chaoslab.model.history import Sample
from chaoslab.model.lab import Canary, Probe
from chaoslab.observe.observer import Observer
from chaoslab.observe.rows import CanaryRequest
from unit.observe.conftest import Plain
from unit.observe.plain import LOCAL, Collected, lab_spec
from unit.observe.servers import Serve, answering, head_of, http, serving

Observing = Callable[..., Plain]


def watch(plain: Plain, probe: Probe, count: int = 5) -> list[Sample]:
    """Ask one probe until it has some samples, and return them."""
    plain.observer.watch([probe])
    plain.sink.wait(lambda: len(plain.sink.of(probe.name)) >= count, f"{count} samples")
    return plain.sink.of(probe.name)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take everything, answer nothing."""
    await reader.read()


async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with an RST."""
    await head_of(reader)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("serve", "outcome", "good"),
    [
        (answering(http()), "200", True),
        (answering(http(status=503)), "503", False),
        (answering(CHUNKED), "200", True),
        (answering(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"), "200", True),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "closed", False),
        (answering(b""), "closed", False),
        (answering(b"SSH-2.0 hello\r\n"), "malformed", False),
        (silent, "timeout", False),
        (resetting, "reset", False),
    ],
)
def test_http_outcomes(observing: Observing, serve: Serve, outcome: str, good: bool) -> None:
    """Every way an HTTP exchange can end is told apart."""
    with serving(serve) as server:
        probe = Probe(name="web", service="web", port=server.port, timeout_seconds=0.2)
        samples = watch(observing(lab_spec(probe)), probe)
    assert {(sample.outcome, sample.good) for sample in samples} == {(outcome, good)}


@pytest.mark.parametrize(
    ("raw", "outcome", "good"),
    [
        (b"+PONG\r\n", "ok", True),
        (b"-LOADING Redis is loading\r\n", "LOADING", False),
        (b"HTTP/1.1", "malformed", False),
    ],
)
def test_redis_outcomes(observing: Observing, raw: bytes, outcome: str, good: bool) -> None:
    """A PONG is good, an error reply is bad under its own word."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readline() == b"PING\r\n"
        writer.write(raw)
        await writer.drain()

    with serving(serve) as server:
        probe = Probe(name="redis", kind="redis", service="web", port=server.port)
        samples = watch(observing(lab_spec(probe)), probe)
    assert {(sample.outcome, sample.good) for sample in samples} == {(outcome, good)}


@pytest.mark.parametrize(
    ("pieces", "outcome", "good"),
    [
        ([b"$23\r\nrole:slave\r\nlink:up\r\nab\r\n"], "ok", True),
        ([b"$2", b"2\r\nrole:slave\r\n", b"link:up\r\na\r", b"\n"], "ok", True),
        ([b"$13\r\nrole:master\r\n\r\n"], "unexpected", False),
        ([b"+slave link:up\r\n"], "unexpected", False),
        ([b"-ERR unknown\r\n"], "ERR", False),
        ([b"$24\r\nrole:slave\r\nlink:up"], "closed", False),
    ],
)
def test_redis_commands_and_their_texts(observing: Observing, pieces: list[bytes], outcome: str, good: bool) -> None:
    """A command's whole reply is read, in however many pieces; without the expected text it is bad as `unexpected`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readline() == b"INFO replication\r\n"
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.005)

    with serving(serve) as server:
        probe = Probe(
            name="role", kind="redis", service="web", port=server.port, body="INFO replication", expect_body="slave.*up"
        )
        samples = watch(observing(lab_spec(probe)), probe)
    assert {(sample.outcome, sample.good) for sample in samples} == {(outcome, good)}


@pytest.mark.parametrize(
    ("body", "outcome", "good"), [(b'{"leader": true}', "200", True), (b"{}", "unexpected", False)]
)
def test_an_http_answer_without_the_expected_text_is_bad(
    observing: Observing, body: bytes, outcome: str, good: bool
) -> None:
    """The status alone is not enough where a text is expected."""
    with serving(answering(http(body))) as server:
        probe = Probe(name="web", service="web", port=server.port, expect_body='"leader": ?true')
        samples = watch(observing(lab_spec(probe)), probe)
    assert {(sample.outcome, sample.good) for sample in samples} == {(outcome, good)}


def test_refused_and_unresolved(observing: Observing) -> None:
    """A closed port is refused; a replica without an address is unresolved, at its usual rate."""
    probe = Probe(name="web", kind="tcp", service="web", port=1)
    plain = observing(lab_spec(probe))
    assert {sample.outcome for sample in watch(plain, probe)} == {"refused"}
    plain.observer.set_addresses("web", {1: ""})
    plain.sink.wait(lambda: plain.sink.samples[-1].outcome == "unresolved", "an unresolved sample")


def test_open_loop_under_a_stalled_server(observing: Observing) -> None:
    """A server that never answers does not slow the schedule: samples stay 10 ms apart and overlap."""
    with serving(silent) as server:
        probe = Probe(name="web", service="web", port=server.port, rate_hz=100, timeout_seconds=0.5)
        plain = observing(lab_spec(probe))
        samples = watch(plain, probe, count=100)
        stats = plain.observer.stats()
    assert stats.capped <= stats.late_sends, (
        "a tick is capped only where this machine was too busy to end others in time"
    )
    gaps = [after.scheduled_ns - before.scheduled_ns for before, after in pairwise(samples)]
    assert {gap % (10 * NS_PER_MS) for gap in gaps} == {0}
    assert sum(gap != 10 * NS_PER_MS for gap in gaps) <= stats.late_sends, (
        "a tick is left out only where one was slept through"
    )
    assert {sample.outcome for sample in samples} == {"timeout"}
    slack_ms = 50 + 2 * stats.worst_late_ms
    assert all(abs((sample.finished_ns - sample.sent_ns) / NS_PER_MS - 500) < slack_ms for sample in samples)
    late = sorted(sample.sent_ns - sample.scheduled_ns for sample in samples)
    assert late[len(late) // 2] < 20 * NS_PER_MS


def test_each_sample_opens_a_new_connection(observing: Observing) -> None:
    """No sample reuses a connection."""
    with serving(answering(http())) as server:
        probe = Probe(name="web", service="web", port=server.port, rate_hz=100)
        plain = observing(lab_spec(probe))
        watch(plain, probe, count=50)
        plain.observer.watch([])
        sent = plain.observer.stats().samples
        assert server.connections >= len(server.peers) >= sent - 1


def test_cap_of_samples_in_flight(observing: Observing) -> None:
    """What the cap (rate x time-out) keeps from being sent is counted, not recorded as bad."""
    with serving(silent) as server:
        probe = Probe(name="web", service="web", port=server.port, rate_hz=20, timeout_seconds=1.0)
        plain = observing(lab_spec(probe))
        plain.observer.boost(200)
        plain.observer.watch([probe])
        plain.sink.wait(lambda: server.connections >= 100, "a boosted probe's connections")
        plain.observer.boost(None)  # 100 or more are in flight, and the cap is 20 again
        plain.sink.wait(lambda: plain.observer.stats().capped > 0, "a capped sample")
        assert all(sample.finished_ns - sample.sent_ns > 900 * NS_PER_MS for sample in plain.sink.of("web"))


def test_capture_and_expected_status(observing: Observing) -> None:
    """A work probe's POST carries its body, expects its own statuses and keeps the captured value."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await head_of(reader))
        writer.write(http(b'{"result": {"ids": [7, {"x": "y"}]}}', 201))
        await writer.drain()

    with serving(serve) as server:
        probe = Probe(
            name="web", role="work", service="web", port=server.port, method="POST", path="/tasks", headers={"Authorization": "Bearer x"},
            body={"prompt": "h\u00e9"}, expect_status=(201,), capture="$.result.ids[1].x",
        )  # fmt: skip
        samples = watch(observing(lab_spec(probe)), probe)
    assert {(sample.good, sample.detail) for sample in samples} == {(True, "y")}
    assert asked[0].startswith(b"POST /tasks HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer x\r\n" in asked[0]
    assert asked[0].endswith(b'{"prompt": "h\\u00e9"}')


def test_batches(observing: Observing) -> None:
    """At a high rate several samples travel in one line."""
    with serving(answering(http())) as server:
        probe = Probe(name="web", service="web", port=server.port, rate_hz=500)
        plain = observing(lab_spec(probe))
        watch(plain, probe, count=300)
        assert len(plain.sink.batches) < 150
        plain.observer.stop()  # no connection may be half accepted when the server ends


def test_replicas_and_a_new_address(observing: Observing) -> None:
    """Each replica is asked at its own address, and a renewed address is dialled from the next sample on."""
    with serving(answering(http())) as server:
        probe = Probe(name="web", service="web", port=server.port, timeout_seconds=0.2)
        plain = observing(lab_spec(probe))
        plain.observer.set_addresses("web", {2: "127.0.0.99"})  # nobody listens there
        watch(plain, probe, count=10)
        by_replica = {
            number: {sample.outcome for sample in plain.sink.of("web") if sample.replica == number} for number in (1, 2)
        }
        assert by_replica == {1: {"200"}, 2: {"refused"}}
        plain.observer.set_addresses("web", {2: LOCAL})
        plain.sink.wait(
            lambda: any(s.good for s in plain.sink.of("web") if s.replica == 2), "replica 2 at its new address"
        )
        plain.sink.samples.clear()
        plain.sink.wait(lambda: len(plain.sink.of("web")) >= 10, "more samples")
        assert {sample.replica for sample in plain.sink.of("web") if not sample.good} == {1}, (
            "its address is replica 2's now"
        )


def test_boost_spares_work_probes(observing: Observing) -> None:
    """A boost raises the rate of health probes only."""
    with serving(answering(http())) as server:
        health = Probe(name="health", service="web", port=server.port)
        work = Probe(name="work", role="work", service="web", port=server.port, rate_hz=5)
        plain = observing(lab_spec(health, work))
        plain.observer.boost(200)
        plain.observer.watch([health, work])
        plain.sink.wait(lambda: len(plain.sink.of("health")) >= 200, "boosted samples")
        assert len(plain.sink.of("work")) <= 12
        plain.observer.stop()  # no connection may be half accepted when the server ends


def test_http_canary(observing: Observing) -> None:
    """A canary reports bytes both ways, the first byte, the whole answer and the peer's close, padded as asked."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            await head_of(reader)
            writer.write(http(b"x" * 1000, 404))
        await writer.drain()
        await asyncio.sleep(0.1)

    with serving(serve) as server:
        spec = lab_spec(link_port=server.port)
        plain = observing(spec)
        plain.observer.canaries([CanaryRequest("web-proxy", pad_bytes=9000, answers=3, timeout_seconds=1)])
        plain.sink.wait(lambda: len(plain.sink.samples) >= 3, "canaries")
        sample = plain.sink.of("canary:web-proxy")[0]
        plain.observer.canaries([])
    assert sample.good
    assert sample.outcome == "404", "a canary measures the link: any HTTP answer is one"
    detail = sample.detail
    assert detail["sent"] > 27_000
    assert detail["received"] > 3000
    assert detail["connect_ms"] <= detail["first_ms"] <= detail["answer_ms"] < 90
    assert detail["close"] == "closed"
    assert 90 < detail["close_ms"] < 900
    assert (sample.finished_ns - sample.sent_ns) / NS_PER_MS == pytest.approx(detail["answer_ms"], abs=0.01)


def test_tcp_canary(observing: Observing) -> None:
    """A TCP canary ends its side and waits for the other end's close: a round trip without a protocol."""
    with serving(silent) as server:
        plain = observing(lab_spec(link_port=server.port, canary=Canary(kind="tcp")))
        plain.observer.canaries([CanaryRequest("web-proxy")])
        plain.sink.wait(lambda: len(plain.sink.samples) >= 3, "canaries")
        sample = plain.sink.samples[0]
        assert sample.good
        assert sample.detail["close"] == "closed"


def test_a_lost_stream_is_told_at_once() -> None:
    """When the observer's process dies, the driver says so, fails the history and refuses further calls."""
    from unit.observe.plain import Pipes

    sink, pipes = Collected(), Pipes()
    observer = Observer(pipes, lab_spec(), sink)
    observer.open()
    pipes.process.kill()
    sink.wait(lambda: sink.failures, "the failure", 2)
    with pytest.raises(type(sink.failures[0]), match="observer is gone"):
        observer.boost(1)
    observer.stop()
