"""The defaults of the load scripts in docs/load.md are those in the scripts."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "load.md").read_text(encoding="utf-8")
READ = re.compile(r"(?:number|whole|seconds)\('(\w+)', ([^)]+)\)")
SAID = re.compile(r"`(\w+)` ([^,|]+?)(?:,| \|)")


@pytest.mark.parametrize("script", sorted((ROOT / "k6").glob("*.js")), ids=lambda path: path.stem)
def test_every_default_is_said(script: Path) -> None:
    """Each number that a script reads stands in its row, with what it is when nothing is set."""
    row = next(line for line in reversed(PAGE.splitlines()) if line.startswith(f"| `{script.stem}` |"))
    said = dict(SAID.findall(row.split("|", 2)[2]))
    read = dict(READ.findall(script.read_text(encoding="utf-8")))
    assert {name: plain(default) for name, default in said.items()} == {
        name: plain(default) for name, default in read.items()
    }


def plain(default: str) -> str:
    """Without marks: a number, another variable, or so many times that."""
    return default.replace("as ", "").replace("`", "").replace(" x ", " * ")
