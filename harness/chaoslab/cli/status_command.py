"""`chaoslab status`: every difference from the clean state."""

from pathlib import Path

import click

from chaoslab.cli.options import compose_options, json_option, results_option
from chaoslab.cli.output import emit
from chaoslab.errors import Exit


@click.command("status")
@compose_options
@results_option()
@json_option
def command(compose_files: tuple[Path, ...], project: str | None, results: Path, as_json: bool) -> int:
    """Show every difference from the clean state: containers, limits, proxies, toxics, packet rules, processes, helpers, open undos.

    Only looks, takes no lock. Exit code 0: clean; 5: not clean.
    """
    from chaoslab.cli.lab_session import session  # noqa: PLC0415 - reaches for the engine
    from chaoslab.lab.reconcile import differences  # noqa: PLC0415 - the same

    with session(compose_files, project, results, None) as lab:
        found = differences(lab)
    value = [
        {"where": difference.where, "what": difference.what, "mended_by": difference.undo.verb} for difference in found
    ]
    rows = [(difference.where, difference.what, difference.undo.verb.replace("_", " ")) for difference in found]
    emit(
        as_json=as_json,
        value={"clean": not found, "differences": value},
        rows=rows,
        headers=("where", "what", "mended by"),
        empty=f"clean: {lab.spec.project} is as its compose files declare it",
    )
    if found and not as_json:
        click.echo(f"{len(found)} difference(s); `chaoslab recover` puts them right")
    return Exit.LAB_DIRTY if found else Exit.PASSED
