"""`chaoslab guard` (started by a run, not by people): puts the lab right when the run died without doing so itself."""

import sys
from pathlib import Path

import click

from chaoslab.cli.options import compose_options, results_option
from chaoslab.errors import Exit


@click.command("guard", hidden=True)
@compose_options
@results_option()
def command(compose_files: tuple[Path, ...], project: str | None, results: Path) -> int:
    """Wait for the end of standard input; unless it said that all is well, mend the lab."""
    from chaoslab.tools.guard_process import needed  # noqa: PLC0415 - light until it is needed

    if not needed(sys.stdin.buffer):
        return Exit.PASSED
    from chaoslab.cli.lab_session import session  # noqa: PLC0415 - reaches for the engine
    from chaoslab.lab.reconcile import reconcile  # noqa: PLC0415 - the same

    with session(compose_files, project, results, "guard") as lab:
        done = reconcile(lab, lambda _text: None)
    return Exit.LAB_DIRTY if done.left else Exit.PASSED
