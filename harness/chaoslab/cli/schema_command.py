"""`chaoslab schema`: the JSON Schema of scenario files or of result.json."""

import json

import click

from chaoslab.errors import Exit


@click.command("schema")
@click.argument("what", type=click.Choice(["suite", "result"]), default="suite")
def command(what: str) -> int:
    """Print the JSON Schema of scenario files (suite, the default) or of result.json (result).

    Point `$schema` of a suite at it and editors complete and check what you write.
    """
    from chaoslab.parse import result_schema, scenario_schema  # noqa: PLC0415 - `--help` stays quick
    from chaoslab.vocabulary import vocabulary  # noqa: PLC0415 - the same

    click.echo(json.dumps(scenario_schema(vocabulary()) if what == "suite" else result_schema(), indent=2))
    return Exit.PASSED
