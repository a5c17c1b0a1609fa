"""Runs undo records: the one way in which anything is put back."""

from collections.abc import Iterable
from dataclasses import replace

from chaoslab.errors import ChaoslabError, LabError
from chaoslab.journal import Journal
from chaoslab.model.history import Undo, UndoResult
from chaoslab.store import WaitTimeout
from chaoslab.undo.reach import Reach
from chaoslab.undo.verbs import COUNTED_FROM_THE_CALL, VERBS


def carry_out(undo: Undo, reach: Reach) -> UndoResult:
    """Run one undo. Never raises: what went wrong is the result's note, with `clean` False."""
    before = reach.history.now_ns()
    try:
        note = VERBS[undo.verb](undo, reach)
    except (ChaoslabError, WaitTimeout) as error:
        return UndoResult(undo, reach.history.now_ns(), 0, clean=False, note=str(error))
    after = reach.history.now_ns()
    if undo.verb in COUNTED_FROM_THE_CALL:
        return UndoResult(undo, before, reach.history.tie.error_ns, clean=True, note=note)
    return UndoResult(
        undo, (before + after) // 2, (after - before) // 2 + reach.history.tie.error_ns, clean=True, note=note
    )


class UndoStack:
    """The undos of a run that are still to do. What is pushed is on disk before the fault is injected."""

    def __init__(self, journal: Journal, reach: Reach) -> None:
        self._journal = journal
        self._reach = reach
        self._open: list[Undo] = []

    @property
    def pending(self) -> tuple[Undo, ...]:
        """What was pushed and not yet carried out cleanly."""
        return tuple(self._open)

    def push(self, undos: Iterable[Undo]) -> None:
        """Journal undos. Raises LabError when the disk does not take them: then nothing may be injected."""
        for undo in undos:
            self._journal.open(undo)
            self._open.append(undo)

    def carry_out(self, undos: Iterable[Undo]) -> list[UndoResult]:
        """Run these, last pushed first, and take the clean ones off."""
        wanted = {undo.id for undo in undos}
        results = []
        for undo in [undo for undo in reversed(self._open) if undo.id in wanted]:
            result = carry_out(undo, self._reach)
            result = self._tick_off(result)
            results.append(result)
        return results

    def unwind(self) -> list[UndoResult]:
        """Run everything that is left, in reverse."""
        return self.carry_out(self.pending)

    def _tick_off(self, result: UndoResult) -> UndoResult:
        if result.clean:
            self._open.remove(result.undo)
        try:
            self._journal.done(result.undo.id, clean=result.clean)
        except LabError as error:  # the disk is full: the thing is put back all the same
            return replace(result, note=f"{result.note}; {error.message}".lstrip("; "))
        return result
