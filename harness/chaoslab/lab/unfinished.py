"""What earlier runs wrote down to undo and never did, of what no look at the lab shows: found in their journals, ticked off in them."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from chaoslab.errors import LabError
from chaoslab.journal import JOURNAL, Journal, open_undos
from chaoslab.lab.clean import Difference
from chaoslab.model.history import Undo, UndoResult
from chaoslab.store import MANIFEST, RunFolder, read_json

UNSEEN = frozenset({"http_request"})
"""What an application's own hook did is known to that application alone; everything else differs visibly from the declared state."""


def unfinished(results: Path | None, project: str) -> Iterator[Difference]:
    """Give the open undos of the runs below `results` on this project, newest first. Without that folder nothing is known."""
    journals = results.rglob(JOURNAL) if results is not None else ()
    for journal in sorted(journals, key=lambda path: path.parent.name, reverse=True):
        undos: list[Undo] = []
        with contextlib.suppress(OSError):  # a journal that cannot be read tells nothing, and hinders nothing
            undos = [undo for undo in open_undos(journal.parent) if undo.verb in UNSEEN]
        if not undos or _project(journal.parent) != project:
            continue
        for undo in reversed(undos):
            what = f"run {journal.parent.name} did not undo it: {undo.wanted['method']} {undo.wanted['path']}"
            yield Difference(f"{undo.service}[{undo.replica}]", what, undo, journal.parent)


def tick_off(folder: Path, result: UndoResult) -> UndoResult:
    """Write into a run's journal how its undo ended. A journal that cannot be written keeps it open, and the note says so."""
    try:
        journal = Journal(RunFolder(folder))
        try:
            journal.done(result.undo.id, clean=result.clean)
        finally:
            journal.close()
    except LabError as error:
        return replace(result, clean=False, note=f"{result.note}; {error.message}")
    return result


def _project(folder: Path) -> str:
    """Name the project that a run worked on; empty where its manifest does not tell."""
    try:
        return str(read_json(folder / MANIFEST)["lab"]["project"])
    except (LabError, KeyError, TypeError):
        return ""
