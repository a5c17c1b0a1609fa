"""`chaoslab abort`: ends a running run from another terminal."""

from pathlib import Path

import click

from chaoslab.cli.options import compose_files as chosen
from chaoslab.cli.options import compose_options
from chaoslab.errors import Exit

WAIT_SECONDS = 60.0


@click.command("abort")
@compose_options
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=WAIT_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for its end.",
)
def command(compose_files: tuple[Path, ...], project: str | None, wait: float) -> int:
    """Stop the run that works on this lab, as Ctrl-C in its terminal would: everything is undone, the rest stays NOT RUN.

    Exit code 0: the lab is free (it was, or is now); 4: the run is on another machine, or did not end in time.
    """
    from chaoslab.clock import SystemClock  # noqa: PLC0415 - `--help` stays quick
    from chaoslab.errors import LabError  # noqa: PLC0415 - the same
    from chaoslab.lab.abort import ask_to_stop, await_end, holder  # noqa: PLC0415 - the same
    from chaoslab.lab.session import read_project  # noqa: PLC0415 - the same
    from chaoslab.store import WaitTimeout  # noqa: PLC0415 - the same
    from chaoslab.tools.engine import Engine  # noqa: PLC0415 - the same

    declared = read_project(chosen(compose_files), project)
    engine = Engine(declared.endpoint)
    held = holder(engine, declared.spec.project)
    if held is None:
        click.echo(f"nothing to abort: no run works on {declared.spec.project}")
        return Exit.PASSED
    ask_to_stop(held)
    click.echo(f"asked to stop: {held.told}")
    try:
        await_end(engine, declared.spec.project, SystemClock(), wait)
    except WaitTimeout as error:
        raise LabError(
            f"{error}",
            remedy=f"it may still be undoing; `kill -9 {held.pid}` is the last resort, then `chaoslab recover`",
        ) from error
    click.echo("ended; `chaoslab status` shows whether anything is left")
    return Exit.PASSED
