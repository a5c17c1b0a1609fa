"""`chaoslab schema`: the JSON Schema of scenario files, of pattern files or of result.json."""

import json

import click

from chaoslab.errors import Exit


@click.command("schema")
@click.argument("what", type=click.Choice(["suite", "patterns", "result"]), default="suite")
def command(what: str) -> int:
    """Print the JSON Schema of scenario files (suite, the default), of files of load patterns (patterns) or of result.json (result).

    Point `$schema` of a suite or pattern file at it and editors complete and check what you write.
    """
    from chaoslab.parse import pattern_schema, result_schema, scenario_schema  # noqa: PLC0415 - `--help` stays quick
    from chaoslab.vocabulary import vocabulary  # noqa: PLC0415 - the same

    makers = {"suite": lambda: scenario_schema(vocabulary()), "patterns": pattern_schema, "result": result_schema}
    click.echo(json.dumps(makers[what](), indent=2))
    return Exit.PASSED
