"""What earlier runs left open: found in their journals, carried out by the one interpreter, ticked off."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from chaoslab.clock import SystemClock
from chaoslab.journal import JOURNAL, Journal
from chaoslab.lab.reconcile import Reconciled
from chaoslab.lab.unfinished import tick_off, unfinished
from chaoslab.model.history import Undo, UndoResult
from chaoslab.observe.seams import Reply
from chaoslab.store import MANIFEST, History, RunFolder, StopFlag
from chaoslab.undo import Reach, carry_out


@dataclass
class Hook:
    """A service's hook: records what it was sent."""

    sent: list[tuple[str, str, Any]] = field(default_factory=list)

    def request(self, method: str, url: str, *, body: Any, headers: Any) -> Reply:
        """Answer well."""
        self.sent.append((method, url, body))
        return Reply(200, "", 0, 0)


def reach(hook: Hook) -> Reach:
    """Give the interpreter the hook's service."""
    history = History(None, SystemClock(), StopFlag())
    return Reach("lab", "image", cast("Any", None), cast("Any", None), history, request=hook.request)


def hooked(name: str, level: int = 0) -> Undo:
    """Undo a hook by a request."""
    return Undo(name, "http_request", "web", 1, {"method": "POST", "port": 80, "path": "/hook", "body": level})


def died(results: Path, stamp: str, *undos: Undo, project: str = "lab") -> Path:
    """Leave a run that opened these undos and died."""
    folder = RunFolder.create(results, stamp)
    folder.write_json(MANIFEST, {"lab": {"project": project}})
    journal = Journal(folder)
    for undo in undos:
        journal.open(undo)
    journal.close()
    return folder.path


def test_open_requests_are_found_newest_first(tmp_path: Path) -> None:
    """Last written first of the newest run, then the older one, wherever below the folder; every difference names run and request."""
    old = died(tmp_path / "selftest_1" / "bug", "20260101_000000", hooked("a"))
    new = died(tmp_path, "20260102_000000", hooked("a", 1), hooked("b", 2))
    found = list(unfinished(tmp_path, "lab"))
    assert [(one.run, one.undo.id) for one in found] == [(new, "b"), (new, "a"), (old, "a")]
    assert found[0].where == "web[1]"
    assert found[0].what == "run 20260102_000000 did not undo it: POST /hook"


def test_what_a_look_at_the_lab_shows_is_left_to_it(tmp_path: Path) -> None:
    """A toxic is seen where it is: an old journal must not take away somebody else's."""
    died(tmp_path, "20260101_000000", Undo("a", "remove_toxic", "", 0, {"link": "l", "toxic": "t"}))
    assert list(unfinished(tmp_path, "lab")) == []


def test_runs_on_other_projects_and_without_a_manifest_are_none_of_ours(tmp_path: Path) -> None:
    """Nobody knows what a request of theirs would do here."""
    died(tmp_path, "20260101_000000", hooked("a"), project="other")
    (died(tmp_path, "20260102_000000", hooked("a")) / MANIFEST).unlink()
    assert list(unfinished(tmp_path, "lab")) == []


@pytest.mark.parametrize("results", [None, Path("/nowhere")])
def test_without_results_nothing_is_claimed(results: Path | None) -> None:
    """A results folder that is gone holds no open undo."""
    assert list(unfinished(results, "lab")) == []


def test_a_request_is_sent_once_and_never_again(tmp_path: Path) -> None:
    """Carried out and ticked off it is no difference any more; the hook saw what the run had written down."""
    hook = Hook()
    died(tmp_path, "20260101_000000", hooked("a", 7))
    for _ in range(2):
        for one in unfinished(tmp_path, "lab"):
            assert one.run is not None
            assert tick_off(one.run, carry_out(one.undo, reach(hook))).clean
    assert hook.sent == [("POST", "web[1]:80/hook", 7)]


def test_a_request_that_fails_stays_open(tmp_path: Path) -> None:
    """The next look finds it again, and the next step names the run."""
    folder = died(tmp_path, "20260101_000000", hooked("a"))
    result = tick_off(folder, UndoResult(hooked("a"), 0, 0, clean=False, note="no answer"))
    assert not result.clean
    left = tuple(unfinished(tmp_path, "lab"))
    assert len(left) == 1
    assert str(folder) in Reconciled((), (), left).next_step
    assert json.loads((folder / JOURNAL).read_text().splitlines()[-1]) == {"done": "a", "clean": False}


def test_a_journal_that_cannot_be_written_keeps_the_undo_open_and_says_so(tmp_path: Path) -> None:
    """The request was sent, but the next look will find it again."""
    folder = died(tmp_path, "20260101_000000", hooked("a"))
    (folder / JOURNAL).unlink()
    (folder / JOURNAL).mkdir()
    result = tick_off(folder, UndoResult(hooked("a"), 0, 0, clean=True, note="answered 200"))
    assert not result.clean
    assert "cannot be written" in result.note
    assert list(unfinished(tmp_path, "lab")) == []
