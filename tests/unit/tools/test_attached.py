"""Lines over the engine's attach stream."""

import json
import socket
import struct
from collections.abc import Iterator

import pytest

from chaoslab.errors import ToolError
from chaoslab.tools.attached import Attached


def frame(stream: int, data: bytes) -> bytes:
    """Wrap bytes as the engine does."""
    return struct.pack(">BxxxL", stream, len(data)) + data


@pytest.fixture
def pair() -> Iterator[tuple[Attached, socket.socket]]:
    """Give both ends of a stream."""
    near, far = socket.socketpair()
    attached = Attached("helper", near)
    yield attached, far
    attached.close()
    far.close()


def test_lines_are_put_together_from_any_framing(pair: tuple[Attached, socket.socket]) -> None:
    """A line may be cut across frames and frames across reads; stderr never mixes in."""
    attached, far = pair
    stream = frame(1, b'{"a"') + frame(2, b"a warning\n") + frame(1, b':1}\n{"b":2}\n{"c') + frame(1, b'":3}\n')
    for byte in stream:
        far.sendall(bytes([byte]))
    assert [attached.receive(1) for _ in range(3)] == [{"a": 1}, {"b": 2}, {"c": 3}]
    assert list(attached.stderr) == ["a warning"]


def test_the_end_of_the_stream_is_none(pair: tuple[Attached, socket.socket]) -> None:
    """A helper that ended is told apart from one that is silent."""
    attached, far = pair
    with pytest.raises(TimeoutError):
        attached.receive(0.01)
    far.close()
    assert attached.receive(1) is None


def test_a_helper_that_ends_instead_of_answering_is_quoted(pair: tuple[Attached, socket.socket]) -> None:
    """The error carries what the helper last wrote to stderr."""
    attached, far = pair
    far.sendall(frame(2, b"iptables: not permitted\n"))
    far.shutdown(socket.SHUT_WR)
    with pytest.raises(ToolError, match="iptables: not permitted"):
        attached.ask({"do": "put"}, 1)


def test_what_is_sent_is_one_json_value_per_line(pair: tuple[Attached, socket.socket]) -> None:
    """The other side reads whole lines of JSON."""
    attached, far = pair
    attached.send({"do": "read"})
    assert json.loads(far.recv(100).split(b"\n")[0]) == {"do": "read"}


def test_standard_error_can_be_heard_line_by_line() -> None:
    """The last line is heard at the end of the stream, though it has no end itself; standard output is read as text."""
    near, far = socket.socketpair()
    heard: list[str] = []
    attached = Attached("k6", near, heard.append)
    far.sendall(frame(2, b"one\ntw") + frame(1, b"no JSON\n") + frame(2, b"o\nthree"))
    far.shutdown(socket.SHUT_WR)
    assert attached.read_line(1) == b"no JSON"
    assert heard == ["one", "two"]
    assert attached.read_line(1) is None
    assert heard == ["one", "two", "three"]
    attached.close()
    far.close()
