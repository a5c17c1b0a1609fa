"""docs/faults.md and the catalogue of faults cannot drift apart."""

from pathlib import Path

import pytest

from chaoslab.faults.catalog import spec_types
from chaoslab.faults.toxics import TOXICS

DOC = (Path(__file__).parents[3] / "docs" / "faults.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in DOC.splitlines() if line.startswith("| `")]
COMMON_KEYS = {"type", "at_seconds", "for_seconds", "least_seconds", "where"}


def row(name: str) -> list[str]:
    """Return the row of that name."""
    return next((cells for cells in ROWS if cells[0] == f"`{name}`"), [])


@pytest.mark.parametrize("name", spec_types())
def test_every_fault_has_its_row_with_kind_and_keys(name: str) -> None:
    """Type, held or one-shot, and each key it may have are in the table."""
    cells, spec = row(name), spec_types()[name]
    assert cells, f"docs/faults.md lacks a row for {name}"
    assert cells[1] == ("held" if spec.held else "one-shot")
    for key in spec.model_fields.keys() - COMMON_KEYS:
        assert f"`{key}`" in cells[2], f"the row of {name} lacks {key}"


def test_every_row_is_a_fault_or_a_toxic() -> None:
    """Nothing is promised that is not there."""
    assert {cells[0].strip("`") for cells in ROWS} == {*spec_types(), *TOXICS}


@pytest.mark.parametrize("name", TOXICS)
def test_every_toxic_has_its_row_with_its_attributes(name: str) -> None:
    """Each attribute is named."""
    for attribute in TOXICS[name].attributes:
        assert f"`{attribute}`" in row(name)[1], f"the row of {name} lacks {attribute}"
