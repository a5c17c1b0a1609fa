"""`chaoslab up`: brings the lab up."""

from pathlib import Path

import click

from chaoslab.cli.options import compose_files as chosen
from chaoslab.cli.options import compose_options
from chaoslab.errors import Exit


@click.command("up")
@compose_options
def command(compose_files: tuple[Path, ...], project: str | None) -> int:
    """Bring the lab up and wait until every service is healthy."""
    from chaoslab.lab.session import bring_up, read_project  # noqa: PLC0415 - reaches for the engine
    from chaoslab.tools.engine import Engine  # noqa: PLC0415 - the same

    declared = read_project(chosen(compose_files), project)
    engine = Engine(declared.endpoint)
    click.echo(f"bringing {declared.spec.project} up, waiting until it is healthy ...")
    bring_up(declared, engine)
    running = sum(replica.running for replica in engine.replicas(declared.spec.project))
    click.echo(
        f"{declared.spec.project}: {running} containers up and healthy; `chaoslab run` breaks them, `chaoslab down` ends them"
    )
    return Exit.PASSED
