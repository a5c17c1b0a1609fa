"""docs/playbooks.md names commands, options and labels that exist."""

import re
from pathlib import Path

import click
import pytest

from chaoslab.cli import COMMANDS, chaoslab
from chaoslab.journal import JOURNAL
from chaoslab.lab.lock import lock_name
from chaoslab.model.lab import READY_LABEL
from chaoslab.store import EVENTS, SAMPLES
from chaoslab.tools.engine import HELPER_LABEL

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "playbooks.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
SECTIONS = (
    "Before a run",
    "During a run",
    "When it goes wrong",
    "Emergency stop",
    "Rolling back by hand",
    "Reading a result",
)


def options(command: str) -> set[str]:
    """List the options of a command."""
    with click.Context(chaoslab) as context:
        found = chaoslab.get_command(context, command)
    assert found is not None
    return {name for parameter in found.params for name in parameter.opts}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_situation_has_its_section(section: str) -> None:
    """Before, during, when it goes wrong, stopping, rolling back, reading."""
    assert f"\n## {section}\n" in PAGE


@pytest.mark.parametrize("said", re.findall(r"`(?:[A-Z_]+=\S+ )*chaoslab ([^`]+)`", PAGE))
def test_every_command_and_option_exists(said: str) -> None:
    """What the page tells to type is a command with these options."""
    command, *rest = said.split()
    assert command in COMMANDS
    assert {word for word in rest if word.startswith("--")} <= options(command)


@pytest.mark.parametrize("option", ["--max-targets", "--skip", "--only"])
def test_limits_are_options_of_run(option: str) -> None:
    """The limits of the blast radius are there."""
    assert f"`{option}" in PAGE
    assert option in options("run")


def test_names_are_those_of_the_program() -> None:
    """Labels, the observer's name, files of a run and make targets are what the code says."""
    assert f"{HELPER_LABEL}=$P" in PAGE
    assert f"docker rm -f {lock_name('PROJECT')}" in PAGE
    assert f'{READY_LABEL}: "true"' in PAGE
    assert all(f"{name}`" in PAGE for name in (EVENTS, JOURNAL, SAMPLES))
    for target in re.findall(r"`make ([a-z]+)", PAGE):
        assert re.search(rf"^{target}:.*## ", MAKEFILE, re.MULTILINE)


def test_the_lab_is_named_as_its_compose_file_does() -> None:
    """The default project is that of compose/lab.yml."""
    (name,) = re.findall(r"^name: (\S+)$", (ROOT / "compose" / "lab.yml").read_text(), re.MULTILINE)
    assert f"P={name}" in PAGE
