"""The console: what happens now, and the verdicts at the end. Plain lines where the output is no terminal."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chaoslab.clock import NS_PER_SECOND, Clock, SystemClock
from chaoslab.model.plan import Plan, PlannedScenario
from chaoslab.model.result import RunResult, ScenarioResult
from chaoslab.report.progress import Progress, Silence
from chaoslab.report.repeats import repeats_lines
from chaoslab.report.under_load import load_lines
from chaoslab.report.wording import HEADERS, explained, recovery_text, row, summary_lines

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

PIPED_WIDTH = 100
COLUMN_GAP = 2
LEAST_WIDTH = 6
LIVE_LINE_SECONDS = 5.0
"""Numbers that change all the time are a line of a log no more often than this."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
STYLES = {
    "FAIL": "bold red",
    "ERROR": "bold magenta",
    "INCONCLUSIVE": "bold yellow",
    "SKIPPED": "cyan",
    "NOT RUN": "dim",
    "WARN": "yellow",
    "PASS": "green",
}


class Lines:
    """Progress as one line per step, each with the seconds since the run began."""

    def __init__(self, console: "Console", clock: Clock) -> None:
        self.console = console
        self.clock = clock
        self.began_ns = clock.now_ns()
        self.planned: PlannedScenario | None = None
        self.done = 0
        self.total = 0
        self.live_seconds = 0.0

    @property
    def elapsed_seconds(self) -> float:
        """Seconds since the run began."""
        return (self.clock.now_ns() - self.began_ns) / NS_PER_SECOND

    def say(self, text: str) -> None:
        """Print one line; control characters are replaced."""
        line = f"[{self.elapsed_seconds:6.1f} s] {CONTROL.sub('?', text)}"
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def run_started(self, plan: Plan, folder: Path) -> None:
        """Say what is going to be run."""
        self.total = len(plan.scenarios)
        many = "scenario" if self.total == 1 else "scenarios"
        seconds = f"windows {plan.declared_seconds:.0f} s, at most {plan.worst_case_seconds:.0f} s"
        what = f"{self.total} {many}, profile {plan.profile}, seed {plan.seed}, {seconds}"
        self.say(f"{what}, results in {folder}")

    def step(self, text: str) -> None:
        """Say a step outside any scenario."""
        self.say(text)

    def scenario_started(self, planned: PlannedScenario) -> None:
        """Remember which scenario the phases belong to."""
        self.planned = planned
        self.done += 1
        self.say(f"{planned.key} {planned.scenario.name} ({self.done} of {self.total})")

    def phase(self, phase: str, seconds: float, what: str) -> None:
        """Say a phase of the scenario."""
        self.say(f"{self.phase_text(phase, seconds)}: {what}")

    def live(self, text: str) -> None:
        """Say numbers of this moment, but not more often than a reader wants lines."""
        if text and self.elapsed_seconds - self.live_seconds >= LIVE_LINE_SECONDS:
            self.live_seconds = self.elapsed_seconds
            self.say(text)

    def phase_text(self, phase: str, seconds: float) -> str:
        """Name scenario, phase and length."""
        key = self.planned.key if self.planned else ""
        return f"{key} {phase}" + (f" {seconds:g} s" if seconds else "")

    def scenario_ended(self, result: ScenarioResult) -> None:
        """Say the verdict, with the first reason when it is not a pass."""
        told = f"{result.id} {result.verdict}"
        told += f", {recovery_text(result, plus_minus(self.console))}" if result.recovery != "unknown" else ""
        self.say(told + (f": {result.reasons[0]}" if result.reasons and result.verdict != "PASS" else ""))


class View(Lines):
    """Progress on a terminal: finished scenarios as lines, the running one below them with its time and a bar."""

    def __init__(self, console: "Console", clock: Clock) -> None:
        super().__init__(console, clock)
        self.current = ""
        self.current_began_ns = self.began_ns
        self.current_seconds = 0.0
        self.numbers = ""

    def _now(self, text: str, seconds: float = 0.0) -> None:
        self.current, self.current_seconds = CONTROL.sub("?", text), seconds
        self.current_began_ns = self.clock.now_ns()

    def live(self, text: str) -> None:
        """Show numbers of this moment behind the phase."""
        self.numbers = CONTROL.sub("?", text)

    def step(self, text: str) -> None:
        """Show a step outside any scenario, and keep its line."""
        super().step(text)
        self._now(text)

    def scenario_started(self, planned: PlannedScenario) -> None:
        """Show which scenario runs now."""
        self.planned = planned
        self.done += 1
        self.numbers = ""
        self._now(f"{planned.key} {planned.scenario.name}")

    def phase(self, phase: str, seconds: float, what: str) -> None:
        """Show the phase with a bar over its declared length."""
        self._now(f"{self.phase_text(phase, seconds)}: {what}", seconds)

    def render(self) -> "RenderableType":
        """Draw the line that is renewed a few times a second."""
        from rich.progress_bar import ProgressBar  # noqa: PLC0415 - only a run pays for rich
        from rich.table import Table  # noqa: PLC0415 - the same
        from rich.text import Text  # noqa: PLC0415 - the same

        spent = (self.clock.now_ns() - self.current_began_ns) / NS_PER_SECOND
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(no_wrap=True)
        line.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
        line.add_column(no_wrap=True, justify="right")
        line.add_column(width=12)
        bar = ProgressBar(total=self.current_seconds, completed=min(spent, self.current_seconds), width=12)
        place = f"{self.done}/{self.total}" if self.done else ""
        told = f"{self.numbers} | {self.current}" if self.numbers else self.current
        line.add_row(place, Text(told), f"{spent:.1f} s", bar if self.current_seconds else "")
        return line


@contextmanager
def console_progress(*, quiet: bool = False, plain: bool = False, clock: Clock | None = None) -> Iterator[Progress]:
    """Show a run's progress on stdout: live on a terminal, lines elsewhere or when `plain`, nothing when `quiet`."""
    if quiet:
        yield Silence()
        return
    from rich.live import Live  # noqa: PLC0415 - only a run pays for rich

    console = new_console()
    if plain or not sys.stdout.isatty() or console.is_dumb_terminal:
        yield Lines(console, clock or SystemClock())
        return
    view = View(console, clock or SystemClock())
    with Live(get_renderable=view.render, console=console, refresh_per_second=5, transient=True):
        yield view


def new_console() -> "Console":
    """Open stdout with rich; a pipe gets a fixed width, NO_COLOR is respected."""
    from rich.console import Console  # noqa: PLC0415 - only what prints tables pays for rich

    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, emoji=False, highlight=False)


def plus_minus(console: "Console") -> str:
    """Give the sign for an error bar that this console's encoding can show."""
    return "±" if console.encoding.lower().startswith("utf") else "+-"


def print_result(result: RunResult, results: Path, console: "Console | None" = None) -> None:
    """Print the table of verdicts, what was wrong, and the summary. `results`: the folder of run folders."""
    console = console or new_console()
    console.print()
    if not result.repeats:
        console.print(verdict_table(result, console.width, plus_minus(console)))
    for line in repeats_lines(result.repeats):
        console.print(line, markup=False, soft_wrap=True)
    for line in load_lines(result.scenarios):
        console.print(plain(line), markup=False, soft_wrap=True)
    console.print()
    for scenario in explained(result):
        console.print(
            f"{scenario.verdict} {scenario.id} {plain(scenario.name)}",
            soft_wrap=True,
            style=STYLES[scenario.verdict],
            markup=False,
        )
        for text in (*scenario.reasons, *scenario.notes):
            console.print(f"  - {plain(text)}", markup=False, soft_wrap=True)
        console.print()
    for note in result.notes:
        console.print(f"note: {plain(note)}", markup=False, soft_wrap=True)
    for what, value in summary_lines(result, results):
        console.print(f"{what:<10} {plain(value)}", markup=False, soft_wrap=True)


def verdict_table(result: RunResult, width: int, sign: str = "±") -> "Table":
    """Draw one line per scenario in `width` columns; names and proofs are cut so that the rest is seen whole."""
    from rich import box  # noqa: PLC0415 - only what prints tables pays for rich
    from rich.table import Table  # noqa: PLC0415 - the same
    from rich.text import Text  # noqa: PLC0415 - the same

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    headers = [header.replace("longest ", "longest\n").replace("time to ", "time to\n") for header in HEADERS]
    rows = [[plain(cell) for cell in row(scenario, sign)] for scenario in result.scenarios]
    for header, column_width in zip(headers, _widths(headers, rows, width), strict=True):
        table.add_column(header, no_wrap=True, overflow="ellipsis", width=column_width)
    for scenario, texts in zip(result.scenarios, rows, strict=True):
        cells = [Text(text) for text in texts]
        cells[2].stylize(STYLES[scenario.verdict])
        table.add_row(*cells)
    return table


def _widths(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Share the width out: proof and name divide what the other columns leave."""
    name, proof = HEADERS.index("name"), HEADERS.index("proof")
    lines = [header.split("\n") for header in headers]
    wanted = [max(map(len, [*lines[at], *(cells[at] for cells in rows)])) for at in range(len(headers))]
    left = width - COLUMN_GAP * (len(headers) - 1) - sum(wanted) + wanted[name] + wanted[proof]
    wanted[proof] = max(LEAST_WIDTH, min(wanted[proof], max(left // 2, left - wanted[name])))
    wanted[name] = max(LEAST_WIDTH, min(wanted[name], left - wanted[proof]))
    return wanted


def plain(text: str) -> str:
    """Replace what a terminal would act upon."""
    return CONTROL.sub("?", text).replace("\n", " ")
