"""`chaoslab plan`: what a run would do."""

import json
from pathlib import Path
from typing import Any

import click

from chaoslab.cli.options import compose_files as chosen
from chaoslab.cli.options import (
    compose_options,
    given_variables,
    json_option,
    selection,
    selection_options,
    suite_arguments,
    suite_files,
)
from chaoslab.errors import Exit


@click.command("plan")
@suite_arguments
@compose_options
@selection_options
@json_option
def command(files: tuple[Path, ...], compose_files: tuple[Path, ...], project: str | None, **options: Any) -> int:
    """Print targets, timeline, worst-case duration and the undo of each step. Starts nothing and needs no engine.

    FILES are suites, their names, or folders of them; without any, all of scenarios/ and stress/.
    """
    from chaoslab.plan import describe, text_rows  # noqa: PLC0415 - `--help` stays quick
    from chaoslab.prepare import RunRequest, prepare  # noqa: PLC0415 - the same

    request = RunRequest(
        files=suite_files(files),
        compose_files=chosen(compose_files),
        results=Path("results"),
        project=project,
        profile=options["profile"],
        seed=options["seed"] or 0,
        selection=selection(options),
        given=given_variables(options["settings"]),
    )
    prepared = prepare(request)
    plan, lab = prepared.plan, prepared.project.spec
    if options["as_json"]:
        click.echo(json.dumps(describe(plan, lab, prepared.labs), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(text_rows(plan, lab, prepared.labs)))
    return Exit.PASSED
