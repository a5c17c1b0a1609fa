"""`chaoslab judge`: judges a stored run again."""

import json
from pathlib import Path

import click

from chaoslab.cli.options import json_option


@click.command("judge")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("results/latest"))
@click.option("--strict", is_flag=True, help="WARN counts as FAIL.")
@json_option
def command(folder: Path, strict: bool, as_json: bool) -> int:
    """Judge a stored run again, offline, from its manifest, events and samples, or requests. FOLDER defaults to results/latest.

    Prints the verdicts and exits with their code; the stored result is left as it is.
    """
    from chaoslab.load import KIND, rejudge_load  # noqa: PLC0415 - `--help` stays quick
    from chaoslab.rejudge import rejudge  # noqa: PLC0415 - the same
    from chaoslab.report.console import print_result  # noqa: PLC0415 - the same
    from chaoslab.report.load_console import print_load  # noqa: PLC0415 - the same
    from chaoslab.store import MANIFEST, read_json  # noqa: PLC0415 - the same

    manifest = read_json(folder / MANIFEST)
    of_load = manifest.get("kind") == KIND
    result = rejudge_load(folder, manifest, strict=strict) if of_load else rejudge(folder, strict=strict)
    if as_json:
        click.echo(json.dumps(result.model_dump(mode="json"), indent=2, ensure_ascii=False))
    else:
        (print_load if of_load else print_result)(result, folder.resolve().parent)
    return result.exit_code
