"""`chaoslab doctor`: what this host can and cannot do."""

from dataclasses import asdict
from pathlib import Path

import click

from chaoslab.cli.options import compose_files as chosen
from chaoslab.cli.options import compose_options, json_option
from chaoslab.cli.output import emit
from chaoslab.errors import Exit


@click.command("doctor")
@compose_options
@json_option
def command(compose_files: tuple[Path, ...], project: str | None, as_json: bool) -> int:
    """Say what this host can and cannot do (engine, compose, netfilter, netem, cgroup version, registry) and what each lack costs.

    Exit code 0: scenarios can run; 4: something they need is missing.
    """
    from chaoslab.lab.doctor import examine  # noqa: PLC0415 - reaches for the engine
    from chaoslab.lab.session import TOOLBOX  # noqa: PLC0415 - the same
    from chaoslab.tools.compose import Compose  # noqa: PLC0415 - the same
    from chaoslab.tools.endpoint import resolve  # noqa: PLC0415 - the same

    endpoint = resolve()
    found = list(examine(endpoint, Compose(chosen(compose_files), endpoint, project), TOOLBOX))
    rows = [(finding.what, "yes" if finding.fine else "NO", finding.detail, finding.cost) for finding in found]
    emit(
        as_json=as_json,
        value=[asdict(finding) for finding in found],
        rows=rows,
        headers=("ability", "there", "detail", "what its lack costs"),
        empty="",
    )
    return Exit.TOOL_ERROR if any(finding.needed and not finding.fine for finding in found) else Exit.PASSED
