"""The hive's spool: a record of each task on disk before it is done. No room for it: the task is not taken."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from services.bugs import Bugs

SEGMENT_BYTES = 1 << 20
RESERVE_PERCENT = 6.0
"""What stays free: a disk is as good as full before the last byte is gone."""


class FullError(Exception):
    """There is no room."""


@dataclass(slots=True)
class Spool:
    """Appends lines to tasks.log in `folder`; a full segment becomes tasks.old, and the one before is dropped."""

    folder: Path
    bugs: Bugs
    length: int = 0
    segment: str = field(init=False)

    def __post_init__(self) -> None:
        self.segment = str(self.folder / "tasks.log")

    def write(self, task_id: str, body: bytes) -> None:
        """Keep a record of a task; raises FullError."""
        line = json.dumps({"task": task_id, "bytes": len(body)}).encode() + b"\n"
        if self.bugs.no_507:
            self._append(line)
            return
        try:
            self._check_room()
            self._append(line)
        except OSError as problem:
            raise FullError(f"the spool cannot be written: {problem.strerror}") from problem

    def _check_room(self) -> None:
        disk = os.statvfs(self.folder)
        free_percent = 100 * disk.f_bavail / max(1, disk.f_blocks)
        if free_percent < RESERVE_PERCENT:
            raise FullError(f"the spool's disk has {free_percent:.1f}% left, {RESERVE_PERCENT:g}% are kept free")

    def _append(self, line: bytes) -> None:
        if self.length >= SEGMENT_BYTES:
            Path(self.segment).replace(self.folder / "tasks.old")
            self.length = 0
        descriptor = os.open(self.segment, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            self.length += os.write(descriptor, line)
        finally:
            if not self.bugs.fd_leak:
                os.close(descriptor)
