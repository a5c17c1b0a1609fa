"""Overlays that suites name are found, or told as missing."""

from pathlib import Path

import pytest

from chaoslab.errors import InputError
from chaoslab.parse.overlays import block_of, overlay_file, overlay_files
from unit.parse.words import parsed, suite


def test_where_an_overlay_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder goes before the suite's own, and that before the one above it."""
    here, project = tmp_path / "here", tmp_path / "project"
    for folder in (here, project / "scenarios"):
        folder.mkdir(parents=True)
    monkeypatch.chdir(here)
    suite_file = project / "scenarios" / "s.json"
    assert overlay_file("ha.yml", suite_file) is None
    for folder, found in ((project, project), (project / "scenarios", project / "scenarios"), (here, Path())):
        (folder / "ha.yml").touch()
        assert overlay_file("ha.yml", suite_file) == found / "ha.yml"


def test_each_set_of_overlays_once(tmp_path: Path) -> None:
    """Suites with the same overlays share them; suites without have none."""
    (tmp_path / "ha.yml").touch()
    suites = [parsed(tmp_path, suite()), parsed(tmp_path, suite(overlays=["ha.yml"]))]
    assert overlay_files([*suites, suites[1]]) == {("ha.yml",): (tmp_path / "ha.yml",)}


def test_missing_ones_are_told_with_their_place(tmp_path: Path) -> None:
    """Every overlay that is not there is a problem of its suite."""
    (tmp_path / "ha.yml").touch()
    read = parsed(tmp_path, suite(overlays=["ha.yml", "none.yml"]))
    with pytest.raises(InputError, match=r"\$\.overlays\[1\]: there is no compose file \"none.yml\""):
        overlay_files([read])


def test_an_overlay_adds_to_the_block() -> None:
    """Its entries stand beside those of the lab's own block; what has the same name is replaced; without a block there is none."""
    config = {
        "x-chaoslab": {"default_link": "a", "probes": {"one": 1, "two": 2}},
        "x-chaoslab-more": {"default_link": "b", "probes": {"two": 3, "three": 4}, "metrics": {"m": 5}},
        "x-other": {"probes": {"no": 6}},
    }
    probes = {"one": 1, "two": 3, "three": 4}
    assert block_of(config) == {"default_link": "b", "probes": probes, "metrics": {"m": 5}}
    assert block_of({"x-chaoslab-more": {"probes": {}}}) is None
