"""`chaoslab plan`: what a run would do."""

import json
from pathlib import Path
from typing import Any

import click

from chaoslab.cli.options import compose_files as chosen
from chaoslab.cli.options import compose_options, json_option, selection_options, suite_arguments, suite_files
from chaoslab.errors import Exit


@click.command("plan")
@suite_arguments
@compose_options
@selection_options
@json_option
def command(
    files: tuple[Path, ...], compose_files: tuple[Path, ...], project: str | None, as_json: bool, **options: Any
) -> int:
    """Print targets, timeline, worst-case duration and the undo of each step. Starts nothing and needs no engine.

    FILES are suites or folders of them; without any, all of scenarios/.
    """
    from chaoslab.lab.session import read_project  # noqa: PLC0415 - `--help` stays quick
    from chaoslab.parse import parse_suites  # noqa: PLC0415 - the same
    from chaoslab.plan import Selection, describe, make_plan, text_rows  # noqa: PLC0415 - the same
    from chaoslab.vocabulary import vocabulary  # noqa: PLC0415 - the same

    suites = parse_suites(suite_files(files), vocabulary())
    lab = read_project(chosen(compose_files), project).spec
    selection = Selection(options["only"], options["tags"], options["skip"], options["max_targets"])
    plan = make_plan(suites, lab, options["profile"], options["seed"] or 0, selection)
    if as_json:
        click.echo(json.dumps(describe(plan, lab), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(text_rows(plan, lab)))
    return Exit.PASSED
