"""`chaoslab selftest`: shows that the harness notices the failures it exists for."""

import json
from pathlib import Path
from typing import Any

import click

from chaoslab.cli.options import compose_files as chosen
from chaoslab.cli.options import (
    compose_options,
    given_variables,
    json_option,
    results_option,
    suite_arguments,
    suite_files,
)

DEFINITION = "selftest.json"


@click.command("selftest")
@suite_arguments
@compose_options
@click.option(
    "--definition",
    type=click.Path(path_type=Path),
    default=None,
    help=f"Which bugs there are, and who must notice them; default: {DEFINITION} beside the compose file.",
)
@click.option(
    "--only", multiple=True, metavar="BUG", help="Only these bugs (healthy: the lab without one), repeatable."
)
@click.option("--resume", is_flag=True, help="Go on in the newest self-test: what went to its end is kept.")
@click.option("--skip", multiple=True, metavar="ID|TAG", help="Scenarios to leave out on the healthy lab, repeatable.")
@click.option("--profile", type=click.Choice(["quick", "full"]), default="quick", show_default=True)
@click.option("--seed", type=int, default=None, help="Decides every random choice.")
@results_option("Where its folder goes.")
@click.option(
    "--noninteractive",
    is_flag=True,
    envvar="NONINTERACTIVE",
    show_envvar=True,
    help="Progress as plain lines, on a terminal too.",
)
@json_option
def command(files: tuple[Path, ...], compose_files: tuple[Path, ...], project: str | None, **options: Any) -> int:
    """Run every scenario on the healthy lab, then each known bug by itself with the scenarios that must notice it and five that must not.

    FILES are the suites that hold the scenarios; without any, all of scenarios/ and stress/. The lab is made anew for
    each bug, data included, and left healthy.
    Exit code 0: every bug was caught, nothing else failed; 1: a bug was missed, or a bystander failed.
    """
    from chaoslab.cli.signals import stop_on_signals  # noqa: PLC0415 - `--help` stays quick
    from chaoslab.clock import SystemClock  # noqa: PLC0415 - the same
    from chaoslab.plan import Selection  # noqa: PLC0415 - the same
    from chaoslab.prepare import RunRequest  # noqa: PLC0415 - the same
    from chaoslab.report.console import console_progress  # noqa: PLC0415 - the same
    from chaoslab.report.selftest import lines  # noqa: PLC0415 - the same
    from chaoslab.selftest import SelfTestRequest, self_test  # noqa: PLC0415 - the same

    declared = chosen(compose_files)
    request = RunRequest(
        files=suite_files(files),
        compose_files=declared,
        results=options["results"],
        project=project,
        profile=options["profile"],
        seed=options["seed"],
        selection=Selection(skip=options["skip"]),
        given=given_variables(options["settings"]),
    )
    definition = options["definition"] or declared[0].parent / DEFINITION
    asked = SelfTestRequest(request, definition, options["only"], options["resume"])
    stop = stop_on_signals()
    with console_progress(quiet=options["as_json"], plain=options["noninteractive"]) as progress:
        result = self_test(asked, SystemClock(), stop, progress)
    if options["as_json"]:
        click.echo(json.dumps(result.model_dump(mode="json"), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(["", *lines(result), f"results: {request.results / result.test_id}"]))
    return result.exit_code
