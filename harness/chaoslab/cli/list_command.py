"""`chaoslab list`: suites and their scenarios."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaoslab.cli.options import given_variables, json_option, suite_arguments, suite_files
from chaoslab.cli.output import emit
from chaoslab.errors import Exit

if TYPE_CHECKING:
    from chaoslab.model.suite import Scenario


@click.command("list")
@suite_arguments
@json_option
def command(files: tuple[Path, ...], settings: dict[str, str], as_json: bool) -> int:
    """List suites and their scenarios; those marked * are part of a plain `chaoslab run`.

    FILES are suites, their names, or folders; without any, all of scenarios/ and stress/.
    """
    from chaoslab.parse import parse_suites  # noqa: PLC0415 - `--help` stays quick
    from chaoslab.vocabulary import vocabulary  # noqa: PLC0415 - the same

    suites = parse_suites(suite_files(files), vocabulary(), given_variables(settings))
    value = [
        {
            "suite": suite.name,
            "file": suite.file,
            "default": suite.default,
            "id": scenario.id,
            "name": scenario.name,
            "tags": scenario.tags,
            "faults": said(scenario),
        }
        for suite in suites
        for scenario in suite.scenarios
    ]
    rows = [
        (
            scenario.id,
            ("*" if suite.default else "") + suite.name,
            scenario.name,
            "; ".join(said(scenario)),
        )
        for suite in suites
        for scenario in suite.scenarios
    ]
    emit(as_json=as_json, value=value, rows=rows, headers=("id", "suite", "name", "faults"), empty="no scenarios")
    return Exit.PASSED


def said(scenario: "Scenario") -> list[str]:
    """Say what a scenario injects; of a campaign how many, and what it draws from."""
    if scenario.campaign is None:
        return [fault.describe() for fault in scenario.faults]
    return [f"{scenario.campaign.pick} of: {'; '.join(fault.describe() for fault in scenario.campaign.faults)}"]
