"""Paths become suites; every problem of every file is told at once."""

import json
import os
from pathlib import Path

import pytest

from chaoslab.errors import Exit, InputError
from chaoslab.parse import parse_suites
from unit.parse.words import VOCABULARY, scenario, suite, written


def refused(*paths: Path | str) -> list[str]:
    """List what is wrong with these paths."""
    with pytest.raises(InputError) as caught:
        parse_suites(paths, VOCABULARY)
    assert caught.value.exit_code is Exit.BAD_INPUT
    return [str(problem) for problem in caught.value.problems]


def test_a_folder_stands_for_its_json_files_by_name(tmp_path: Path) -> None:
    """A folder gives its *.json in the order of their names, and nothing else in it."""
    written(tmp_path, suite(scenario(id="B"), name="second"), "b.json")
    written(tmp_path, suite(scenario(id="A"), name="first"), "a.json")
    written(tmp_path, b"not json", "notes.txt")
    (tmp_path / "c.json").mkdir()
    assert [read.name for read in parse_suites([tmp_path], VOCABULARY)] == ["first", "second"]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    """A folder and a file in it, or a link to it, are one file, not duplicate ids."""
    path = written(tmp_path, suite())
    (tmp_path / "link.json").symlink_to(path)
    assert len(parse_suites([tmp_path, path, str(path)], VOCABULARY)) == 1


def test_what_is_no_file(tmp_path: Path) -> None:
    """Missing files, empty folders, pipes, odd names and no files at all are problems with a remedy, together."""
    os.mkfifo(tmp_path / "pipe")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert refused(tmp_path / "nope.json", empty, tmp_path / "pipe", "a\0b", tmp_path / "x\x1b[2J.json") == [
        f"{tmp_path}/nope.json: there is no such file or folder (check the path)",
        f"{empty}: the folder holds no *.json file (name another folder or a file)",
        f"{tmp_path}/pipe: is no regular file (name a *.json file or a folder of them)",
        r"a\u0000b: there is no such file or folder (check the path)",
        rf"{tmp_path}/x\u001b[2J.json: there is no such file or folder (check the path)",
    ]
    assert refused() == ["scenarios: no files given (name scenario files or folders)"]


def test_unreadable_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without read rights says so, and the others are still looked at."""
    path = written(tmp_path, suite(), "a.json")
    other = written(tmp_path, b"{", "b.json")
    opened = Path.open

    def denied(self: Path, mode: str) -> object:
        if self == path:
            raise PermissionError(13, "Permission denied")
        return opened(self, mode)

    monkeypatch.setattr(Path, "open", denied)
    assert refused(path, other) == [
        f"{path}: cannot be read: Permission denied (check its rights)",
        f"{other}: line 1 column 2: bad JSON: the file ends too early (close every bracket)",
    ]


def test_every_problem_of_every_file(tmp_path: Path) -> None:
    """Problems of all files come together, ids used in two files included; one good file does not hide a bad one."""
    good = written(tmp_path, suite(scenario(id="X")), "good.json")
    bad = written(tmp_path, suite(scenario(id="X"), 3, wrong=1), "bad.json")
    empty = written(tmp_path, b"", "empty.json")
    assert refused(good, bad, empty) == [
        (
            f'{bad}: $.scenarios[0].id: the id "X" is used twice, first in {good}: $.scenarios[0].id'
            " (give each scenario its own id)"
        ),
        f"{bad}: $.scenarios[1]: a scenario must be an object, not 3",
        (
            f"{bad}: $.wrong: unknown key (known: name, version, description, default, created_by, date, overlays, slo, scenarios,"
            " defaults, $schema)"
        ),
        f'{empty}: the file is empty (write a suite: {{"name": ..., "scenarios": [...]}})',
    ]


def test_flaws_inside_do_not_hide_other_problems(tmp_path: Path) -> None:
    """Duplicate keys, NaN and control characters are told together with everything else, each once."""
    text = json.dumps(suite(scenario(id="a\x07", nme=1, baseline_seconds=0))).replace(
        '"name": "s"', '"name": 1, "name": 2'
    )
    path = written(tmp_path, text.replace(": 0", ": NaN").encode())
    assert refused(path) == [
        f"{path}: $.name: the key stands twice in the same object (keep one)",
        f"{path}: $.scenarios[0].id: the text holds the control character U+0007 (remove it)",
        f'{path}: $.scenarios[0].nme: unknown key (did you mean "name"?)',
        (
            f"{path}: $.scenarios[0].baseline_seconds: NaN, Infinity or a number beyond 1e308 is no JSON number"
            " (write a finite number)"
        ),
    ]
