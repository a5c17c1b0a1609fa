"""The real lab, brought up once for all engine tests and taken down when they did so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.lab_cli import Cli, containers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs an engine."""
    for item in items:
        if "tests/engine/" in str(item.path):
            item.add_marker(pytest.mark.engine)


@pytest.fixture(scope="session")
def lab() -> Iterator[None]:
    """Bring the lab up, healthy and without known bugs; leave it as it was found."""
    was_up = bool(containers())
    Cli(Path("/nowhere")).run("up", check=0)
    yield
    if not was_up:
        Cli(Path("/nowhere")).run("down", "--volumes", check=0)


@pytest.fixture
def cli(lab: None, tmp_path: Path) -> Cli:
    """Give the program with a results folder of its own, on a clean lab."""
    return Cli(tmp_path / "results")
