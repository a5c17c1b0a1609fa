"""Options and defaults that several commands share."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from chaoslab.parse import Given
    from chaoslab.plan import Selection

F = TypeVar("F", bound=Callable[..., Any])
COMPOSE_DEFAULTS = ("compose/lab.yml", "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
SUITE_FOLDERS = (Path("scenarios"), Path("stress"))
ALL = "all"


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


def results_option(
    text: str = "Where run folders are: undos that earlier runs left open are read there.",
) -> Callable[[F], F]:
    """Make --results, the folder that run folders are in; `text` is its help."""
    return click.option(
        "--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True, help=text
    )


def judging_options(function: F) -> F:
    """Add --strict and --noninteractive."""
    for option in (
        click.option(
            "--noninteractive",
            is_flag=True,
            envvar="NONINTERACTIVE",
            show_envvar=True,
            help="Progress as plain lines, on a terminal too. (Nothing is ever asked.)",
        ),
        click.option("--strict", is_flag=True, help="WARN counts as FAIL."),
    ):
        function = option(function)
    return function


def suite_arguments(function: F) -> F:
    """Add the suites to read, and what their variables are set to."""
    function = _settings_option("Value of a suite's variable ${NAME}, repeatable; goes before the environment's.")(
        function
    )
    return click.argument("files", nargs=-1, type=click.Path(path_type=Path))(function)


def settings_option(function: F) -> F:
    """Add --set for load scripts."""
    return _settings_option("Value that the scripts find in __ENV.NAME, repeatable; goes before every size.")(function)


def _settings_option(text: str) -> Callable[[F], F]:
    return click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", callback=_settings, help=text)


def _settings(_ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """Take NAME=VALUE apart. Raises click.BadParameter for what is none."""
    settings: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise click.BadParameter(f"{text!r} is not NAME=VALUE, such as HEARTBEAT_MAX=5")
        settings[name] = value
    return settings


def selection_options(function: F) -> F:
    """Add what chooses scenarios out of suites."""
    for option in (
        click.option("--only", multiple=True, metavar="ID", help="Only these scenarios, repeatable."),
        click.option("--tags", multiple=True, metavar="TAG", help="Only scenarios with one of these tags, repeatable."),
        click.option("--skip", multiple=True, metavar="ID|TAG", help="Leave these out, repeatable."),
        click.option(
            "--shortest",
            type=click.IntRange(min=1),
            default=None,
            metavar="N",
            help="Of all these only the N with the shortest declared windows.",
        ),
        click.option(
            "--repeat",
            type=click.IntRange(min=1, max=1000),
            default=1,
            metavar="N",
            help="Run each scenario N times: median, spread and interval of its recovery; differing verdicts are named flaky.",
        ),
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


def selection(options: Mapping[str, Any]) -> "Selection":
    """Gather what `selection_options` were given."""
    from chaoslab.plan import Selection  # noqa: PLC0415 - `--help` stays quick

    return Selection(
        only=options["only"],
        tags=options["tags"],
        skip=options["skip"],
        max_targets=options["max_targets"],
        shortest=options["shortest"],
        repeat=options["repeat"],
    )


def compose_files(given: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the compose files that were named, else those that COMPOSE_FILE names, else the first usual one that is here."""
    if given:
        return given
    if named := os.environ.get("COMPOSE_FILE"):
        return tuple(Path(part) for part in named.split(os.environ.get("COMPOSE_PATH_SEPARATOR", os.pathsep)))
    found = [Path(name) for name in COMPOSE_DEFAULTS if Path(name).is_file()]
    return (found[0] if found else Path("compose.yaml"),)


def suite_files(given: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the suites that were named, else the folders of suites that are here.

    A name without folder and ending stands for scenarios/NAME.json or stress/NAME.json, `all` for every suite there is;
    an existing file or folder of that name goes before both. Raises InputError with every name that stands for nothing.
    """
    from chaoslab.errors import InputError, Problem  # noqa: PLC0415 - `--help` stays quick

    here = tuple(folder for folder in SUITE_FOLDERS if folder.is_dir()) or SUITE_FOLDERS[:1]
    found: list[Path] = []
    unknown: list[str] = []
    for path in given or (Path(ALL),):
        named = here if str(path) == ALL and not path.exists() else suites_named(path)
        found += named
        unknown += [] if named else [str(path)]
    if unknown:
        known = [ALL, *sorted(file.stem for folder in here for file in folder.glob("*.json"))]
        raise InputError(
            [Problem(name, "", "there is no such suite, file or folder", _nearest(name, known)) for name in unknown]
        )
    return tuple(dict.fromkeys(found))


def suites_named(path: Path) -> tuple[Path, ...]:
    """Find what one argument stands for; a path is left to the parser, which says what is wrong with it."""
    if path.suffix or len(path.parts) != 1 or os.path.lexists(path):
        return (path,)
    return tuple(file for folder in SUITE_FOLDERS if (file := folder / f"{path}.json").is_file())


def given_variables(settings: dict[str, str]) -> "Given":
    """Say where the suites' variables come from: --set, then the environment."""
    from chaoslab.parse import Given  # noqa: PLC0415 - `--help` stays quick

    return Given(dict(os.environ), settings)


def _nearest(wrong: str, known: list[str]) -> str:
    from chaoslab.parse.wording import nearest  # noqa: PLC0415 - `--help` stays quick

    return nearest(wrong, known)
