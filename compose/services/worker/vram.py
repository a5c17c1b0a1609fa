"""The worker's simulated video memory: a level that can be set, and what the tasks in flight take on top."""

from dataclasses import dataclass

from services.bugs import Bugs

TASK_PERCENT = 1.0


class FullError(Exception):
    """Not enough video memory for one more task."""


@dataclass(slots=True)
class Vram:
    """`percent` is taken by others."""

    bugs: Bugs
    percent: float = 0.0

    def check(self, tasks: int) -> None:
        """Raise FullError where one more task than `tasks` would not fit."""
        if self.percent + TASK_PERCENT * (tasks + 1) > 100 and not self.bugs.no_507:
            raise FullError(f"{self.percent:g}% of the video memory is taken")
