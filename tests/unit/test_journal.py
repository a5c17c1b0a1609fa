"""The journal of undos: on disk at once, and read again when its run died."""

import json
from pathlib import Path

import pytest

from chaoslab.journal import JOURNAL, Journal, open_undos
from chaoslab.model.history import Undo
from chaoslab.store import RunFolder


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Give a fresh run folder."""
    return RunFolder.create(tmp_path / "results", "20260101_120000")


def toxic(name: str) -> Undo:
    """Undo one toxic."""
    return Undo(name, "remove_toxic", "", 0, {"link": "a", "toxic": name})


def test_an_undo_is_on_disk_before_open_returns(folder: RunFolder) -> None:
    """The journal's file holds the undo at once, and its end later."""
    journal = Journal(folder)
    journal.open(toxic("NF-001.1"))
    lines = (folder.path / JOURNAL).read_text().splitlines()
    assert json.loads(lines[0])["open"]["wanted"] == {"link": "a", "toxic": "NF-001.1"}
    journal.done("NF-001.1", clean=True)
    assert json.loads((folder.path / JOURNAL).read_text().splitlines()[1]) == {"done": "NF-001.1", "clean": True}
    journal.close()


def test_open_is_what_was_never_carried_out_cleanly(folder: RunFolder) -> None:
    """Done closes, done but not clean does not, and what is opened again (a repeat) is open again."""
    journal = Journal(folder)
    for name in ("a", "b", "c"):
        journal.open(toxic(name))
    for name in ("a", "b"):
        journal.done(name, clean=name == "a")
    assert open_undos(folder.path) == (toxic("b"), toxic("c"))
    journal.open(toxic("a"))
    assert open_undos(folder.path) == (toxic("b"), toxic("c"), toxic("a"))
    journal.close()


@pytest.mark.parametrize("torn", ['{"open": {"id": "b", "ve', '{"done": "a", "cl', "\x00", '{"open": {"new": 1}}', "7"])
def test_a_torn_line_neither_opens_nor_spoils_the_next(folder: RunFolder, torn: str) -> None:
    """The run died while writing: that line says nothing, and what is written later is read."""
    journal = Journal(folder)
    journal.open(toxic("a"))
    journal.close()
    with (folder.path / JOURNAL).open("a") as file:
        file.write(torn)
    assert open_undos(folder.path) == (toxic("a"),)
    again = Journal(folder)
    again.done("a", clean=True)
    again.close()
    assert open_undos(folder.path) == ()
