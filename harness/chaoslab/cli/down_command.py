"""`chaoslab down`: takes the lab down."""

from pathlib import Path

import click

from chaoslab.cli.options import compose_files as chosen
from chaoslab.cli.options import compose_options
from chaoslab.errors import Exit


@click.command("down")
@compose_options
@click.option("--volumes", is_flag=True, help="Remove its volumes (the data) too.")
def command(compose_files: tuple[Path, ...], project: str | None, volumes: bool) -> int:
    """Stop and remove the lab's containers and networks, and helpers that were left."""
    from chaoslab.clock import SystemClock  # noqa: PLC0415 - reaches for the engine
    from chaoslab.lab.lock import await_free  # noqa: PLC0415 - the same
    from chaoslab.lab.session import read_project  # noqa: PLC0415 - the same
    from chaoslab.tools.engine import Engine  # noqa: PLC0415 - the same

    declared = read_project(chosen(compose_files), project)
    engine = Engine(declared.endpoint)
    await_free(engine, declared.spec.project, SystemClock())
    for helper in engine.helpers(declared.spec.project):
        engine.remove(helper["Id"])
    click.echo(f"taking {declared.spec.project} down ...")
    declared.compose.down(volumes=volumes)
    click.echo(
        f"{declared.spec.project}: down" + ("" if volumes else "; its volumes are kept (--volumes removes them)")
    )
    return Exit.PASSED
