"""How commands print: a table for people, JSON for programs."""

import json
from collections.abc import Sequence
from typing import Any

import click


def emit(*, as_json: bool, value: Any, rows: Sequence[Sequence[str]], headers: Sequence[str], empty: str) -> None:
    """Print `value` as JSON, or `rows` as a table (`empty` when there are none)."""
    if as_json:
        click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
    elif not rows:
        click.echo(empty)
    else:
        from tabulate import tabulate  # noqa: PLC0415 - only where a table is printed

        click.echo(tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True))


def note(text: str) -> None:
    """Say something beside the result."""
    click.echo(text, err=True)
