"""No room: a full spool, full video memory, no descriptors. Each is said, and nothing else breaks."""

import asyncio
import errno
import os
import socket
from pathlib import Path

import pytest
from services import acceptor
from services.acceptor import Acceptor, open_descriptors
from services.bugs import Bugs
from services.hive.dispatch import WorkersFullError
from services.hive.spool import SEGMENT_BYTES, FullError, Spool
from services.log import Log
from services.worker import vram
from services.worker.vram import Vram

from unit.services.made import make_dispatch, make_roster, register
from unit.services.peers import answer, listening, no_room


def test_the_spool_keeps_records_and_drops_old_segments(tmp_path: Path) -> None:
    """Records are lines; a full segment makes room for the next, and at most two are kept."""
    spool = Spool(tmp_path, Bugs())
    spool.write("t1", b"{}")
    assert (tmp_path / "tasks.log").read_text() == '{"task": "t1", "bytes": 2}\n'
    for _ in range(3):
        spool.length = SEGMENT_BYTES
        spool.write("t2", b"{}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tasks.log", "tasks.old"]


def filled_to(percent: float) -> os.statvfs_result:
    """What statvfs says of a disk of 1000 blocks."""
    free = int(1000 - 10 * percent)
    return os.statvfs_result((4096, 4096, 1000, free, free, 0, 0, 0, 0, 255))


def test_a_disk_that_is_nearly_full_is_refused_before_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 95% there is no room any more, at 90% there is."""
    spool = Spool(tmp_path, Bugs())
    monkeypatch.setattr(os, "statvfs", lambda _: filled_to(95))
    with pytest.raises(FullError, match=r"5\.0% left"):
        spool.write("t", b"")
    monkeypatch.setattr(os, "statvfs", lambda _: filled_to(90))
    spool.write("t", b"")


def test_a_write_that_fails_is_no_room_and_no_507_lets_it_through(tmp_path: Path) -> None:
    """ENOSPC and its like are FullError; with the bug nobody looks, and the error is the service's own fault."""
    (tmp_path / "tasks.log").mkdir()
    with pytest.raises(FullError, match="cannot be written"):
        Spool(tmp_path, Bugs()).write("t", b"")
    with pytest.raises(IsADirectoryError):
        Spool(tmp_path, Bugs(no_507=True)).write("t", b"")


def is_open(descriptor: int) -> bool:
    """Whether this process has that descriptor."""
    return Path(f"/proc/self/fd/{descriptor}").is_symlink()


@pytest.mark.parametrize("bugs", [Bugs(), Bugs(fd_leak=True)])
def test_a_record_leaves_no_descriptor_open(bugs: Bugs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With fd-leak each record leaves one."""
    opened: list[int] = []
    really_open = os.open

    def note(path: Path, flags: int, mode: int) -> int:
        opened.append(really_open(path, flags, mode))
        return opened[-1]

    monkeypatch.setattr(os, "open", note)
    spool = Spool(tmp_path, bugs)
    for _ in range(3):
        spool.write("t", b"")
    left = [descriptor for descriptor in opened if is_open(descriptor)]
    assert len(left) == (3 if bugs.fd_leak else 0)
    for descriptor in left:
        os.close(descriptor)


def test_video_memory_has_room_until_it_is_full() -> None:
    """At 100% nothing fits; at 98% two tasks do; with no-507 nobody looks."""
    for percent, tasks, fits in ((0, 15, True), (98, 1, True), (98, 2, False), (100, 0, False)):
        if fits:
            Vram(Bugs(), percent).check(tasks)
        else:
            with pytest.raises(vram.FullError, match=f"{percent}%"):
                Vram(Bugs(), percent).check(tasks)
    Vram(Bugs(no_507=True), 100).check(0)


def test_a_full_worker_is_passed_over_and_not_suspected() -> None:
    """The task goes to one with room; a full one is healthy."""

    async def scene() -> None:
        async with listening(no_room) as full, listening(answer) as good:
            roster = make_roster()
            first = register(roster, "full", full.url)
            register(roster, "good", good.url)
            for _ in range(3):
                assert b"POST /tasks/t" in await make_dispatch(roster).infer("t", b"{}")
            assert not first.suspect
            assert not first.slots.open

    asyncio.run(scene())


def test_when_all_are_full_the_task_is_not_taken() -> None:
    """Each is asked, then it is said at once."""

    async def scene() -> None:
        async with listening(no_room) as one, listening(no_room) as other:
            roster = make_roster()
            register(roster, "a", one.url)
            register(roster, "b", other.url)
            with pytest.raises(WorkersFullError, match="full"):
                await asyncio.wait_for(make_dispatch(roster).infer("t", b"{}"), 1)

    asyncio.run(scene())


class Echo(asyncio.Protocol):
    """Sends back what it gets."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Send it back."""
        assert isinstance(self.transport, asyncio.WriteTransport)
        self.transport.write(data)


class Exhausted:
    """A listener in a process without descriptors: accepting fails as the kernel's would, unless the spare one was given up."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener, self.is_exhausted = listener, True
        self.acceptor: Acceptor | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self.listener, name)

    def accept(self) -> tuple[socket.socket, object]:
        """Accept where there is a descriptor for it."""
        gave_up_its_spare = self.acceptor and self.acceptor.has_reserve and self.acceptor.reserve is None
        if self.is_exhausted and not gave_up_its_spare:
            raise OSError(errno.EMFILE, "Too many open files")
        return self.listener.accept()


@pytest.mark.parametrize("has_reserve", [True, False])
def test_without_descriptors_a_client_is_told_so(has_reserve: bool) -> None:
    """With a spare descriptor it reads 503 and the service recovers; without (no-reserve) it waits in vain."""

    async def scene() -> None:
        real = acceptor.listen(0)
        listener = Exhausted(real)
        taking = Acceptor(listener, Echo, Log("queen", "test"), has_reserve)  # type: ignore[arg-type]
        listener.acceptor = taking
        taking.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", real.getsockname()[1])
        try:
            answer_line = await asyncio.wait_for(reader.readline(), 0.3)
            assert has_reserve
            assert answer_line == b"HTTP/1.1 503 Service Unavailable\r\n"
            assert b"retry-after: 1" in await reader.read()
        except TimeoutError:
            assert not has_reserve
        writer.close()
        listener.is_exhausted = False
        reader, writer = await asyncio.open_connection("127.0.0.1", real.getsockname()[1])
        writer.write(b"hello\n")
        assert await asyncio.wait_for(reader.readline(), 5) == b"hello\n"
        writer.close()
        taking.close()
        await taking.wait_closed()
        if taking.reserve is not None:
            os.close(taking.reserve)

    asyncio.run(scene())


def test_open_descriptors_are_counted() -> None:
    """One more file, one more descriptor."""
    before = open_descriptors()
    with Path(os.devnull).open():
        assert open_descriptors() == before + 1
