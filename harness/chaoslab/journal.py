"""The journal of a run: its undos, on disk before their fault is injected, ticked off when carried out; read again when the run died."""

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chaoslab.errors import LabError
from chaoslab.model.history import Undo
from chaoslab.store import RunFolder

JOURNAL = "journal.jsonl"


class Journal:
    """One run's undos: opened and ticked off, a line (fsync) each."""

    def __init__(self, folder: RunFolder) -> None:
        self._file = folder.appender(JOURNAL)
        if self._file.tell():
            self._file.write("\n")  # the last line may be torn: what follows must not be part of it

    def open(self, undo: Undo) -> None:
        """Write that this must be undone. Raises LabError when it cannot be written: then nothing is injected."""
        self._line({"open": asdict(undo)})

    def done(self, undo_id: str, *, clean: bool) -> None:
        """Write that it was."""
        self._line({"done": undo_id, "clean": clean})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _line(self, value: Any) -> None:
        try:
            self._file.write(json.dumps(value) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise LabError(
                f"the undo journal cannot be written: {error.strerror}", remedy="free disk space in the results folder"
            ) from error


def open_undos(folder: Path) -> tuple[Undo, ...]:
    """Read what a run wrote down and never carried out cleanly, in the order in which it was written.

    A torn line (the run died while writing it) says nothing: a fault is injected only after its line is whole.
    """
    left: dict[str, Undo] = {}
    for line in (folder / JOURNAL).read_text(encoding="utf-8", errors="replace").splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            said = json.loads(line)
            if "open" in said:
                left[said["open"]["id"]] = Undo(**said["open"])
            elif said["clean"]:
                left.pop(said["done"], None)
    return tuple(left.values())
