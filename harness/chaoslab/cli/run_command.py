"""`chaoslab run`: suites against the lab, to the verdict."""

import json
from pathlib import Path
from typing import Any

import click

from chaoslab.cli.options import compose_files as chosen
from chaoslab.cli.options import (
    compose_options,
    given_variables,
    json_option,
    judging_options,
    results_option,
    selection,
    selection_options,
    suite_arguments,
    suite_files,
)


@click.command("run")
@suite_arguments
@compose_options
@selection_options
@results_option("Where run folders go.")
@judging_options
@click.option(
    "--pause-on-fail",
    is_flag=True,
    envvar="PAUSE_ON_FAIL",
    show_envvar=True,
    help="After the first FAIL put the lab right and leave the rest NOT RUN.",
)
@json_option
def command(files: tuple[Path, ...], compose_files: tuple[Path, ...], project: str | None, **options: Any) -> int:
    """Run suites against the lab, print the verdicts and leave a run folder.

    FILES are suites, their names, or folders of them, `all` for every suite of scenarios/ and stress/. Without any: the
    suites that say "default": true; with --only, wherever its scenarios are.
    Brings the lab up first when it is not. Ctrl-C undoes everything and reports what was done so far.
    """
    from chaoslab.cli.signals import stop_on_signals  # noqa: PLC0415 - `--help` stays quick
    from chaoslab.clock import SystemClock  # noqa: PLC0415 - the same
    from chaoslab.report.console import console_progress, print_result  # noqa: PLC0415 - the same
    from chaoslab.run import RunRequest, run  # noqa: PLC0415 - the same

    request = RunRequest(
        files=suite_files(files),
        compose_files=chosen(compose_files),
        results=options["results"],
        project=project,
        profile=options["profile"],
        seed=options["seed"],
        selection=selection(options),
        given=given_variables(options["settings"]),
        strict=options["strict"],
        defaults_only=not files and not options["only"],
        pause_on_fail=options["pause_on_fail"],
    )
    stop = stop_on_signals()
    with console_progress(quiet=options["as_json"], plain=options["noninteractive"]) as progress:
        result = run(request, SystemClock(), stop, progress)
    if options["as_json"]:
        click.echo(json.dumps(result.model_dump(mode="json"), indent=2, ensure_ascii=False))
    else:
        print_result(result, request.results)
    return result.exit_code
