"""The HTTP client: connections are kept, losses are said, a cancelled question ends its connection."""

import asyncio
import json

import pytest
from services.http_connection import PeerLostError
from services.http_peer import Peer

from unit.services.peers import (
    Listener,
    Serve,
    answer,
    answer_once,
    babble,
    close,
    hang,
    listening,
    reset,
    unused_url,
)


def test_one_connection_serves_questions_one_after_the_other() -> None:
    """An idle connection is used again; questions at the same time get one each."""

    async def scene() -> None:
        async with listening(answer) as server:
            peer = Peer(server.url, connect_seconds=1)
            for path in ("/a", "/b"):
                reply = await peer.ask("POST", path, b"{}")
                assert (reply.status, json.loads(reply.body)) == (200, {"saw": f"POST {path} HTTP/1.1"})
            assert server.connections == 1
            await asyncio.gather(*(peer.ask("GET", "/c") for _ in range(3)))
            assert server.connections == 3
            peer.close()

    asyncio.run(scene())


@pytest.mark.parametrize("serve", [close, reset, babble])
def test_a_lost_peer_is_said(serve: Serve) -> None:
    """Closed, reset and answered in another language are all losses, and leave no connection to be used again."""

    async def scene() -> None:
        async with listening(serve) as server:
            peer = Peer(server.url, connect_seconds=1)
            with pytest.raises(PeerLostError, match=server.url):
                await peer.ask("GET", "/")
            assert not peer.idle

    asyncio.run(scene())


def test_a_refused_connection_is_a_lost_peer() -> None:
    """Nobody listening is a loss too, said at once."""
    with pytest.raises(PeerLostError):
        asyncio.run(Peer(unused_url(), connect_seconds=1).ask("GET", "/"))


def test_an_address_that_is_none_is_refused_when_it_is_given() -> None:
    """A wrong setting shows at the start, not at the first request."""
    with pytest.raises(ValueError, match="not http://host:port"):
        Peer("hive:9201", connect_seconds=1)


def test_a_question_given_up_ends_its_connection() -> None:
    """After a time-out the late answer must not meet the next question."""

    async def scene() -> None:
        async with listening(hang) as server:
            peer = Peer(server.url, connect_seconds=1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await peer.ask("GET", "/")
            await asyncio.wait_for(server.ended.wait(), 5)
            assert not peer.idle

    asyncio.run(scene())


async def break_once(server: Listener, *, reconnect: bool) -> Peer:
    """A peer whose working connection has just broken."""
    peer = Peer(server.url, connect_seconds=1, reconnect=reconnect)
    assert (await peer.ask("GET", "/")).status == 200
    with pytest.raises(PeerLostError):
        await peer.ask("GET", "/")
    return peer


def test_after_a_break_the_peer_is_dialled_again() -> None:
    """The next question after a loss opens a new connection."""

    async def scene() -> None:
        async with listening(answer_once) as server:
            peer = await break_once(server, reconnect=True)
            assert (await peer.ask("GET", "/")).status == 200
            peer.close()

    asyncio.run(scene())


def test_no_reconnect_leaves_that_out() -> None:
    """The bug: once a working connection broke, the peer stays lost; before its first answer nothing can break."""

    async def scene() -> None:
        async with listening(answer_once) as server:
            peer = await break_once(server, reconnect=False)
            with pytest.raises(PeerLostError, match="not connected"):
                await peer.ask("GET", "/")
            assert server.connections == 1
        async with listening(close) as server:
            peer = Peer(server.url, connect_seconds=1, reconnect=False)
            for _ in range(2):
                with pytest.raises(PeerLostError, match="closed"):
                    await peer.ask("GET", "/")

    asyncio.run(scene())
