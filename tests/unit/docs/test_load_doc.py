"""docs/load.md and the patterns cannot drift apart."""

import re
from pathlib import Path
from typing import get_args

import pytest

from chaoslab.cli.all_command import PARTS
from chaoslab.model import load_result
from chaoslab.model.load_pattern import (
    Breaks,
    LoadMeasure,
    Pattern,
    PatternFile,
    RelativeSize,
    Threshold,
    WindowKind,
    WindowSpec,
)
from chaoslab.parse.load_file import parse_patterns
from chaoslab.parse.problems import known_keys

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "load.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
FILE = parse_patterns(ROOT / "k6" / "patterns.json")
SCRIPTS = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "k6").rglob("*.js")))
ENVIRONMENT = {
    *re.findall(r"(?:number|whole|seconds)\('(\w+)'", SCRIPTS),
    *re.findall(r"__ENV\.(\w+)", SCRIPTS),
} - {"SUMMARY_JSON"}


@pytest.mark.parametrize("name", [pattern.name for pattern in FILE.patterns])
def test_every_pattern_has_its_row(name: str) -> None:
    """Name, shape and thresholds."""
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("model", [PatternFile, Pattern, WindowSpec, Breaks, Threshold, RelativeSize])
def test_every_key_is_named(model: type) -> None:
    """Whatever a pattern file may say is on the page."""
    assert all(f"`{key}`" in PAGE for key in known_keys(model))


@pytest.mark.parametrize("name", [*get_args(LoadMeasure), *get_args(WindowKind), *PARTS])
def test_every_measure_kind_and_part_is_named(name: str) -> None:
    """Measures, kinds of windows, parts of `chaoslab all`."""
    assert f"`{name}`" in PAGE or re.search(rf"--skip [a-z|]*\b{name}\b", PAGE)


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_every_number_of_the_scripts_is_named(name: str) -> None:
    """What a script reads from its environment can be set, and is said."""
    assert f"`{name}`" in PAGE


def test_every_size_reaches_a_script() -> None:
    """A size that no script reads would change windows and nothing else."""
    assert {name for pattern in FILE.patterns for name in pattern.sizes.full} <= ENVIRONMENT


PARTS_OF_RESULT = [
    part for part in vars(load_result).values() if isinstance(part, type) and issubclass(part, load_result.LoadFound)
]


@pytest.mark.parametrize("field", sorted({name for part in PARTS_OF_RESULT for name in part.model_fields}))
def test_every_number_of_a_pattern_is_documented(field: str) -> None:
    """Each field of a pattern's result stands in docs/results.md as code."""
    assert f"`{field}`" in RESULTS
