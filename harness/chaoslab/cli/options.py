"""Options and defaults that several commands share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
COMPOSE_DEFAULTS = ("compose/lab.yml", "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
SCENARIOS = Path("scenarios")


def compose_options(function: F) -> F:
    """Add --compose-file and --project."""
    for option in (
        click.option("-p", "--project", default=None, help="Compose project name; default: the file's own."),
        click.option(
            "-f",
            "--compose-file",
            "compose_files",
            multiple=True,
            type=click.Path(path_type=Path),
            help="Compose file, repeatable; default: COMPOSE_FILE, compose/lab.yml, or compose.yaml here.",
        ),
    ):
        function = option(function)
    return function


def json_option(function: F) -> F:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(function)


def suite_arguments(function: F) -> F:
    """Add the suites to read."""
    return click.argument("files", nargs=-1, type=click.Path(path_type=Path))(function)


def selection_options(function: F) -> F:
    """Add what chooses scenarios out of suites."""
    for option in (
        click.option("--only", multiple=True, metavar="ID", help="Only these scenarios, repeatable."),
        click.option("--tags", multiple=True, metavar="TAG", help="Only scenarios with one of these tags, repeatable."),
        click.option("--skip", multiple=True, metavar="ID|TAG", help="Leave these out, repeatable."),
        click.option(
            "--max-targets",
            type=click.IntRange(min=1),
            default=None,
            help="Refuse scenarios that hit more replicas at once.",
        ),
        click.option(
            "--profile",
            type=click.Choice(["quick", "full"]),
            default="quick",
            show_default=True,
            help="quick caps every window so that a suite takes minutes.",
        ),
        click.option(
            "--seed",
            type=int,
            default=None,
            help="Decides every random choice; default: a fresh one, recorded in the manifest.",
        ),
    ):
        function = option(function)
    return function


def compose_files(given: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the compose files that were named, else those that COMPOSE_FILE names, else the first usual one that is here."""
    if given:
        return given
    if named := os.environ.get("COMPOSE_FILE"):
        return tuple(Path(part) for part in named.split(os.environ.get("COMPOSE_PATH_SEPARATOR", os.pathsep)))
    found = [Path(name) for name in COMPOSE_DEFAULTS if Path(name).is_file()]
    return (found[0] if found else Path("compose.yaml"),)


def suite_files(given: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the suites that were named, else the folder scenarios/."""
    return given or (SCENARIOS,)
