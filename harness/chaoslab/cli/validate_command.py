"""`chaoslab validate`: checks scenario files."""

from pathlib import Path

import click

from chaoslab.cli.options import given_variables, json_option, suite_arguments, suite_files
from chaoslab.cli.output import emit
from chaoslab.errors import Exit, InputError


@click.command("validate")
@suite_arguments
@json_option
def command(files: tuple[Path, ...], settings: dict[str, str], as_json: bool) -> int:
    """Check scenario files and list every problem with its place. Needs neither engine nor compose file.

    Names of services, links and probes are checked by `chaoslab plan`, which reads the compose file.
    """
    from chaoslab.parse import parse_suites  # noqa: PLC0415 - `--help` stays quick
    from chaoslab.parse.overlays import overlay_files  # noqa: PLC0415 - the same
    from chaoslab.vocabulary import vocabulary  # noqa: PLC0415 - the same

    try:
        suites = parse_suites(suite_files(files), vocabulary(), given_variables(settings))
        overlay_files(suites)
    except InputError as error:
        if not as_json:
            raise
        problems = [
            {"file": problem.file, "path": problem.path, "message": problem.message, "remedy": problem.remedy}
            for problem in error.problems
        ]
        emit(as_json=True, value={"valid": False, "problems": problems}, rows=(), headers=(), empty="")
        return Exit.BAD_INPUT
    rows = [(suite.file, suite.name, str(len(suite.scenarios))) for suite in suites]
    value = {
        "valid": True,
        "suites": [{"file": suite.file, "name": suite.name, "scenarios": len(suite.scenarios)} for suite in suites],
    }
    emit(as_json=as_json, value=value, rows=rows, headers=("valid file", "suite", "scenarios"), empty="no suites")
    return Exit.PASSED
