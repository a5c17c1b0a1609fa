"""The interpreter of undos and the stack that holds them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoslab.clock import SystemClock
from chaoslab.errors import LabError, ToolError
from chaoslab.journal import Journal
from chaoslab.model.history import Undo
from chaoslab.store import History, RunFolder, StopFlag
from chaoslab.undo import VERBS, Reach, UndoStack, carry_out


@dataclass
class Door:
    """Records which toxics were removed, and refuses some."""

    refuse: frozenset[str] = frozenset()
    removed: list[str] = field(default_factory=list)

    def remove_toxic(self, _link: str, toxic: str) -> None:
        """Remove or refuse."""
        if toxic in self.refuse:
            raise ToolError(f"{toxic} stays")
        self.removed.append(toxic)


def reach(door: Door) -> Reach:
    """Give the interpreter a door."""
    history = History(None, SystemClock(), StopFlag())
    return Reach("lab", "image", cast("Any", None), cast("Any", None), history, cast("Any", door))


def toxic(name: str) -> Undo:
    """Undo one toxic."""
    return Undo(f"id-{name}", "remove_toxic", "", 0, {"link": "link", "toxic": name})


def test_an_undo_that_fails_is_a_result_not_an_exception() -> None:
    """carry_out never raises: the note says what went wrong and clean is False."""
    result = carry_out(toxic("a"), reach(Door(frozenset("a"))))
    assert (result.clean, result.note) == (False, "a stays")


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.frozensets(st.sampled_from("abcdefgh")))
def test_unwinding_runs_every_undo_in_reverse_whatever_fails(names: list[str], refused: frozenset[str]) -> None:
    """Each undo is tried once, last pushed first; those that failed stay pending."""
    door = Door(refused)
    stack = UndoStack(cast("Any", Silent()), reach(door))
    stack.push(toxic(name) for name in names)
    results = stack.unwind()
    assert [result.undo.wanted["toxic"] for result in results] == names[::-1]
    assert door.removed == [name for name in names[::-1] if name not in refused]
    assert [undo.wanted["toxic"] for undo in stack.pending] == [name for name in names if name in refused]


class Silent:
    """A journal that keeps nothing."""

    def open(self, undo: Undo) -> None:
        """Take it."""

    def done(self, undo_id: str, *, clean: bool) -> None:
        """Take it."""


class Full(Silent):
    """A journal on a full disk."""

    def done(self, undo_id: str, *, clean: bool) -> None:
        """Refuse."""
        raise LabError("the disk is full")


def test_a_full_disk_does_not_keep_anything_broken() -> None:
    """When the journal cannot be ticked off, the undo still counts as carried out and says so."""
    door = Door()
    stack = UndoStack(cast("Any", Full()), reach(door))
    stack.push([toxic("a")])
    (result,) = stack.unwind()
    assert result.clean
    assert "disk is full" in result.note
    assert door.removed == ["a"]
    assert not stack.pending


def test_nothing_is_pending_before_it_is_on_disk(tmp_path: Path) -> None:
    """A journal that takes nothing raises before the fault could be injected."""
    journal = Journal(RunFolder.create(tmp_path, "run"))
    journal.close()
    stack = UndoStack(journal, reach(Door()))
    with pytest.raises((LabError, ValueError)):
        stack.push([toxic("a")])


def test_every_verb_says_so_when_toxiproxy_is_unreachable() -> None:
    """Verbs that need Toxiproxy report that it is not there instead of failing in another way."""
    without = Reach("lab", "image", cast("Any", None), cast("Any", None), History(None, SystemClock(), StopFlag()))
    for verb in ("remove_toxic", "enable_proxy", "create_proxy"):
        assert verb in VERBS
        result = carry_out(
            Undo("x", verb, "", 0, {"link": "l", "toxic": "t", "listen": "[::]:1", "upstream": "a:1"}), without
        )
        assert not result.clean
        assert "not reachable" in result.note
