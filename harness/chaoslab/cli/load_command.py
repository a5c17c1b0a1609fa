"""`chaoslab load`: patterns of users against the lab, to the verdict."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chaoslab.cli.options import compose_files as chosen
from chaoslab.cli.options import compose_options, json_option, judging_options, results_option, settings_option

if TYPE_CHECKING:
    from chaoslab.load import LoadRequest

PATTERNS = Path("k6") / "patterns.json"


@click.command("load")
@click.argument("what", nargs=-1)
@settings_option
@compose_options
@click.option(
    "--profile",
    type=click.Choice(["quick", "full"]),
    default="quick",
    show_default=True,
    help="quick: seconds, sized by the machine's own knee; full: the numbers that the patterns are known by.",
)
@click.option(
    "--users",
    type=click.IntRange(min=1, max=100_000),
    default=None,
    metavar="N",
    help="So many users at the peak, whatever the profile says.",
)
@results_option("Where run folders go.")
@judging_options
@json_option
def command(what: tuple[str, ...], compose_files: tuple[Path, ...], project: str | None, **options: Any) -> int:
    """Put load on the lab, find its knee, print the verdicts and leave a run folder with a page (load.html).

    WHAT is names of patterns (knee, inference-load, ...; none: all of k6/patterns.json), a pattern file (*.json), or k6 scripts
    (*.js): those are told the lab's address in BASE_URL and QUEEN_URL, and their own thresholds decide.
    Brings the lab up first when it is not. Ctrl-C ends the load and reports what was done so far.
    """
    from chaoslab.cli.signals import stop_on_signals  # noqa: PLC0415 - `--help` stays quick
    from chaoslab.clock import SystemClock  # noqa: PLC0415 - the same
    from chaoslab.load import run_load  # noqa: PLC0415 - the same
    from chaoslab.report.load_console import load_progress, print_load  # noqa: PLC0415 - the same

    request = load_request(what, compose_files=chosen(compose_files), project=project, **options)
    stop = stop_on_signals()
    with load_progress(quiet=options["as_json"], plain=options["noninteractive"]) as progress:
        result = run_load(request, SystemClock(), stop, progress)
    if options["as_json"]:
        click.echo(json.dumps(result.model_dump(mode="json"), indent=2, ensure_ascii=False))
    else:
        print_load(result, request.results)
    return result.exit_code


def load_request(what: tuple[str, ...], *, compose_files: tuple[Path, ...], **options: Any) -> "LoadRequest":
    """Sort out what was named: pattern files, scripts, names. Raises UsageError for two pattern files, InputError without any."""
    from chaoslab.errors import InputError, Problem, UsageError  # noqa: PLC0415 - `--help` stays quick
    from chaoslab.load import LoadRequest  # noqa: PLC0415 - the same
    from chaoslab.model.load_plan import Asked  # noqa: PLC0415 - the same

    files = [Path(one) for one in what if one.endswith(".json")]
    scripts = tuple(Path(one) for one in what if one.endswith((".js", ".ts", ".mjs")))
    names = tuple(one for one in what if not one.endswith((".json", ".js", ".ts", ".mjs")))
    if len(files) > 1:
        raise UsageError(f"{len(files)} pattern files are named", remedy="run them one after the other")
    file = files[0] if files else PATTERNS if names or not scripts else None
    if file == PATTERNS and not file.is_file():
        remedy = "run it in a checkout of chaoslab, or name a pattern file (*.json) or a k6 script (*.js)"
        raise InputError([Problem(str(file), "", "there is no such pattern file here", remedy)])
    return LoadRequest(
        pattern_file=file,
        names=names,
        scripts=scripts,
        compose_files=compose_files,
        results=options["results"],
        project=options["project"],
        asked=Asked(options["profile"], options["users"], options["settings"]),
        strict=options["strict"],
    )
