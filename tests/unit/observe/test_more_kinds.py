"""Probes that speak PostgreSQL, read metrics, and write with a fresh id in every request."""

import asyncio
import json
from collections.abc import Callable

import pytest

from chaoslab.inside.observer.answer import MOST_SERIES, series
from chaoslab.model.history import Sample
from chaoslab.model.lab import Canary, Probe
from chaoslab.observe.addresses import AddressBook
from chaoslab.observe.rows import SESSIONS, CanaryRequest, Rows, sql_request
from unit.observe.conftest import Plain
from unit.observe.plain import lab_spec
from unit.observe.servers import Serve, answering, head_of, http, serving

Observing = Callable[..., Plain]

READY = b"Z\0\0\0\5I"
WELCOME = b"R\0\0\0\x08\0\0\0\0" + b"S\0\0\0\x0aa\0b\0c\0" + READY
ROW = b"T\0\0\0\6\0\0" + b"D\0\0\0\6\0\0" + b"C\0\0\0\rSELECT 1\0" + READY
TOO_MANY = b"E\0\0\0\x20SFATAL\0C53300\0Mtoo many here\0\0"


def watch(plain: Plain, probe: Probe, count: int = 5) -> list[Sample]:
    """Ask one probe until it has some samples, and return them."""
    plain.observer.watch([probe])
    plain.sink.wait(lambda: len(plain.sink.of(probe.name)) >= count, f"{count} samples")
    return plain.sink.of(probe.name)


def postgres(*parts: bytes) -> Serve:
    """Answer a whole session with these bytes, in as many pieces, then close."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(4), "big")
        startup = await reader.readexactly(length - 4)
        assert startup == b"\0\3\0\0user\0lab\0database\0lab\0\0"
        assert (await reader.readexactly(1)) == b"Q"
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.005)

    return serve


@pytest.mark.parametrize(
    ("parts", "outcome", "good"),
    [
        ((WELCOME, ROW), "ok", True),
        ((WELCOME[:7], WELCOME[7:20], WELCOME[20:] + ROW[:3], ROW[3:]), "ok", True),
        ((WELCOME,), "closed", False),
        ((TOO_MANY,), "53300", False),
        ((WELCOME, TOO_MANY), "53300", False),
        ((b"R\0\0\0\x08\0\0\0\3",), "auth", False),
        ((b"HTTP/1.1 400 no\r\n\r\n",), "malformed", False),
    ],
)
def test_sql_outcomes(observing: Observing, parts: tuple[bytes, ...], outcome: str, good: bool) -> None:
    """A select that was answered is good; an error is bad under its SQLSTATE, half an answer is none."""
    with serving(postgres(*parts)) as server:
        probe = Probe(name="db", kind="sql", service="web", port=server.port)
        samples = watch(observing(lab_spec(probe)), probe)
    assert {(sample.outcome, sample.good) for sample in samples} == {(outcome, good)}


def test_sql_probes_are_never_boosted() -> None:
    """Every session costs the server a process: the boost of health probes would be a fault of its own."""
    web, db = (Probe(name=name, kind=name, service="web", port=1) for name in ("http", "sql"))
    book = AddressBook()
    book.set("web", {1: "127.0.0.1"})
    assert [row["boosted"] for row in Rows(lab_spec(web, db), book).build([web, db], [])] == [True, False]


def test_sql_probes_do_not_pile_up(observing: Observing) -> None:
    """On a database that does not answer only a few sessions wait; the others are not sent, and are no bad samples."""

    async def stalled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    with serving(stalled) as server:
        probe = Probe(name="db", kind="sql", service="web", port=server.port, rate_hz=100, timeout_seconds=0.5)
        plain = observing(lab_spec(probe))
        samples = watch(plain, probe, count=SESSIONS)
        assert server.connections <= 3 * SESSIONS
        assert plain.observer.stats().capped > SESSIONS
    assert {sample.outcome for sample in samples} == {"timeout"}


def test_a_padded_sql_canary_gets_its_padding_back() -> None:
    """Every query asks for the padding as a value, so that it crosses the link both ways; the session says goodbye."""
    raw = sql_request(pad_bytes=500, answers=3)
    assert raw.count(b"select '" + b"x" * 500 + b"'\0") == 3
    assert raw.endswith(b"X\0\0\0\4")


def test_an_sql_canary_crosses_its_link(observing: Observing) -> None:
    """The canary counts the startup's and each query's readiness, and waits for the server's close."""
    with serving(postgres(WELCOME, ROW + ROW)) as server:
        plain = observing(lab_spec(link_port=server.port, canary=Canary(kind="sql")))
        plain.observer.canaries([CanaryRequest("web-proxy", rate_hz=20, answers=2)])
        plain.sink.wait(lambda: len(plain.sink.of("canary:web-proxy")) >= 3, "canaries")
        sample = plain.sink.of("canary:web-proxy")[0]
    assert (sample.good, sample.outcome, sample.detail["close"]) == (True, "ok", "closed")


TEXT = """# HELP leader whether it leads
# TYPE leader gauge
leader 1
leader_total 7 1700000000000
age_seconds{loop="scan",note="a } b"} 0.25
age_seconds{loop="md"} +Inf
lost NaN
"""


@pytest.mark.parametrize(
    ("keep", "found"),
    [
        (["leader"], {"leader": 1.0}),
        (["age_seconds"], {'age_seconds{loop="scan",note="a } b"}': 0.25}),
        ([], {"leader": 1.0, "leader_total": 7.0, 'age_seconds{loop="scan",note="a } b"}': 0.25}),
    ],
)
def test_metrics_are_kept_as_series(observing: Observing, keep: list[str], found: dict[str, float]) -> None:
    """What is named in `keep` comes along with each good sample; what is no finite number does not."""
    with serving(answering(http(TEXT.encode()))) as server:
        probe = Probe(name="m", kind="metrics", role="watch", service="web", port=server.port, keep=tuple(keep))
        samples = watch(observing(lab_spec(probe)), probe)
    assert all(sample.good and sample.detail == found for sample in samples)


@pytest.mark.parametrize("body", [b"leader one\n", b"leader\n", b'{"leader": 1}'])
def test_what_is_no_metrics_is_bad(observing: Observing, body: bytes) -> None:
    """A page that is no Prometheus text is malformed, and the observer goes on."""
    with serving(answering(http(body))) as server:
        probe = Probe(name="m", kind="metrics", role="watch", service="web", port=server.port)
        samples = watch(observing(lab_spec(probe)), probe)
    assert {(sample.outcome, sample.good, sample.detail) for sample in samples} == {("malformed", False, None)}


def test_a_service_cannot_flood_the_samples() -> None:
    """Of thousands of series a bounded number is kept."""
    text = "\n".join(f'x{{n="{number}"}} 1' for number in range(1000))
    assert len(series(text, frozenset())) == MOST_SERIES


def writing(status: int = 201, *, answer: str | None = None) -> tuple[Serve, list[str]]:
    """Answer writes with their own id (or another), and keep every id that came."""
    ids: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = json.loads((await head_of(reader)).partition(b"\r\n\r\n")[2])
        ids.append(body["order"]["id"])
        writer.write(http(json.dumps({"id": answer or ids[-1]}).encode(), status))
        await writer.drain()

    return serve, ids


@pytest.mark.parametrize(
    ("status", "answer", "outcome", "good"),
    [(201, None, "201", True), (503, None, "503", False), (201, "another", "foreign", False)],
)
def test_every_write_has_an_id_of_its_own(
    observing: Observing, status: int, answer: str | None, outcome: str, good: bool
) -> None:
    """The id is fresh in every request and kept with the sample, whatever came of it; another's acknowledgement is none."""
    serve, ids = writing(status, answer=answer)
    with serving(serve) as server:
        probe = Probe(
            name="orders", role="work", service="web", port=server.port, method="POST", capture="$.id", expect_status=(201,),
            body={"order": {"id": "{unique}", "note": "b\u00e9e {unique}"}},
        )  # fmt: skip
        samples = watch(observing(lab_spec(probe)), probe)
    assert {(sample.outcome, sample.good) for sample in samples} == {(outcome, good)}
    sent = [sample.detail for sample in samples]
    assert len(set(sent)) == len(sent)
    assert set(sent) <= set(ids)
    assert {len(name) for name in sent} == {24}


def test_a_write_without_an_answer_keeps_its_id(observing: Observing) -> None:
    """Nobody knows whether it was done, but everybody which one it was."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    with serving(silent) as server:
        probe = Probe(
            name="orders",
            role="work",
            service="web",
            port=server.port,
            method="POST",
            body={"id": "{unique}"},
            timeout_seconds=0.1,
        )
        samples = watch(observing(lab_spec(probe)), probe)
    assert not any(sample.good for sample in samples)
    assert len({sample.detail for sample in samples}) == len(samples)
