"""The console of a run of load: patterns and their windows as they come, with the numbers of the moment."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chaoslab.clock import Clock, SystemClock
from chaoslab.model.load_plan import PlannedPattern
from chaoslab.model.result import RunResult, ScenarioResult
from chaoslab.report.console import STYLES, Lines, View, new_console, plain
from chaoslab.report.load_progress import LoadProgress, LoadSilence
from chaoslab.report.load_wording import HEADERS, load_lines, pattern_rows, told
from chaoslab.report.wording import explained

if TYPE_CHECKING:
    from rich.console import Console


class LoadLines(Lines):
    """Progress as one line per step."""

    def __init__(self, console: "Console", clock: Clock) -> None:
        super().__init__(console, clock)
        self.pattern = ""

    def load_started(self, pieces: int, profile: str, folder: Path) -> None:
        """Say what is going to be run."""
        self.total = pieces
        self.say(f"{pieces} pattern{'' if pieces == 1 else 's'} of load, profile {profile}, results in {folder}")

    def pattern_started(self, planned: PlannedPattern) -> None:
        """Say which pattern runs now."""
        self.done += 1
        self.pattern = planned.name
        self.phase("", planned.seconds or 0.0, f"{planned.title} ({self.done} of {self.total})")

    def pattern_ended(self, result: ScenarioResult) -> None:
        """Say the verdict with the numbers behind it."""
        self.say(told(result))

    def phase_text(self, phase: str, seconds: float) -> str:
        """Name pattern, window and length."""
        return " ".join(word for word in (self.pattern, phase, f"{seconds:g} s" if seconds else "") if word)


class LoadView(LoadLines, View):
    """Progress on a terminal: ended patterns as lines, the running one below them with its window, numbers and a bar."""


@contextmanager
def load_progress(*, quiet: bool = False, plain: bool = False, clock: Clock | None = None) -> Iterator[LoadProgress]:
    """Show a run's progress on stdout: live on a terminal, lines elsewhere or when `plain`, nothing when `quiet`."""
    if quiet:
        yield LoadSilence()
        return
    from rich.live import Live  # noqa: PLC0415 - only a run pays for rich

    console = new_console()
    if plain or not sys.stdout.isatty() or console.is_dumb_terminal:
        yield LoadLines(console, clock or SystemClock())
        return
    view = LoadView(console, clock or SystemClock())
    with Live(get_renderable=view.render, console=console, refresh_per_second=5, transient=True):
        yield view


def print_load(result: RunResult, results: Path, console: "Console | None" = None) -> None:
    """Print the table of verdicts, what was wrong, and the summary. `results`: the folder of run folders."""
    from tabulate import tabulate  # noqa: PLC0415 - only where a table is printed

    console = console or new_console()
    console.print()
    right = ("left", "left", "left", *("right" for _ in HEADERS[3:]))
    table = tabulate(list(pattern_rows(result)), HEADERS, tablefmt="simple", disable_numparse=True, colalign=right)
    for line in table.splitlines():
        console.print(plain(line), markup=False, soft_wrap=True)
    console.print()
    for scenario in explained(result):
        told_first = f"{scenario.verdict} {scenario.id}: {plain(scenario.name)}"
        console.print(told_first, soft_wrap=True, style=STYLES[scenario.verdict], markup=False)
        for text in (*scenario.reasons, *scenario.notes):
            console.print(f"  - {plain(text)}", markup=False, soft_wrap=True)
        console.print()
    for note in result.notes:
        console.print(f"note: {plain(note)}", markup=False, soft_wrap=True)
    for what, value in load_lines(result, results):
        console.print(f"{what:<14} {plain(value)}", markup=False, soft_wrap=True)
