"""Opens the lab for the commands that look at it or mend it, without a run folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaoslab.cli.options import compose_files
from chaoslab.cli.signals import stop_on_signals
from chaoslab.clock import SystemClock
from chaoslab.lab.lab import Lab
from chaoslab.lab.session import Project, Purpose, opened, read_project
from chaoslab.store import History
from chaoslab.tools.engine import Engine


@contextmanager
def session(files: tuple[Path, ...], project: str | None, results: Path, command: str | None) -> Iterator[Lab]:
    """Give the lab of these files; `results`: where its runs are; `command` None takes no lock. Raises what `opened` raises."""
    clock = SystemClock()
    declared: Project = read_project(compose_files(files), project)
    engine = Engine(declared.endpoint)
    history = History(None, clock, stop_on_signals())
    purpose = Purpose(f"{command or 'look'}-{clock.now_ns()}", command, results=results)
    with opened(declared, engine, history, clock, purpose) as lab:
        yield lab
