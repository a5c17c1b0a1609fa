"""Paths given by a user -> suites: files and folders read, ids compared across them."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from chaoslab.errors import InputError, Problem
from chaoslab.model.suite import Suite
from chaoslab.model.vocabulary import Vocabulary
from chaoslab.parse.json_text import MAX_BYTES, NotJson, places, read_json
from chaoslab.parse.load_scripts import missing_scripts
from chaoslab.parse.suite import read_suite
from chaoslab.parse.variables import Given, Substituted, substitute
from chaoslab.parse.wording import Found, Place, json_path, nearest, printable, shown

NOTHING_GIVEN = Given()


def parse_suites(
    paths: Sequence[str | os.PathLike[str]], vocabulary: Vocabulary, given: Given = NOTHING_GIVEN
) -> tuple[Suite, ...]:
    """Read scenario files, their variables filled in from `given`; a folder stands for all its *.json, by name.

    Raises InputError with every problem of every file, and with settings that no file uses.
    """
    problems: list[Problem] = []
    suites: list[Suite] = []
    first: dict[str, str] = {}
    used: set[str] = set()
    for path in _files(paths, problems):
        name = printable(str(path))
        try:
            substituted = _with_variables(_read(path), given)
            suite, found = _checked(substituted, path, vocabulary, first)
        except NotJson as error:
            problems.append(Problem(name, error.place, error.message, error.remedy))
            continue
        problems += [Problem(name, json_path(place), message, remedy) for place, message, remedy in found]
        used |= {variable.name for variable in substituted.used}
        suites += [suite] if suite else []
    problems += [
        Problem("--set", "", f"no suite that was read uses the variable {shown(name)}", nearest(name, used))
        for name in given.settings
        if name not in used
    ]
    if problems or not suites:
        raise InputError(problems or [Problem("scenarios", "", "no files given", "name scenario files or folders")])
    return tuple(suites)


def _with_variables(data: bytes, given: Given) -> Substituted:
    """Read one file's bytes. Raises NotJson when there is no value at all."""
    value, flaws = read_json(data)
    done = substitute(value, given)
    done.found = flaws + done.found
    return done


def _checked(
    read: Substituted, path: Path, vocabulary: Vocabulary, first: dict[str, str]
) -> tuple[Suite | None, list[Found]]:
    """Check one file's value: the suite unless something is wrong, and what is wrong, in the order of the file.

    `first` remembers where each scenario id was met first.
    """
    file = printable(str(path))
    suite, found = read_suite(read.value, file, vocabulary)
    flawed = {place for place, _message, _remedy in read.found}
    found = read.found + [problem for problem in found if problem[0] not in flawed]
    found += _repeated_ids(read.value, file, first)
    found += missing_scripts(read.value, path)
    order = {place: number for number, place in enumerate(places(read.value))}
    found.sort(key=lambda problem: order.get(problem[0], 0))
    if found or suite is None:
        return None, found
    return suite.model_copy(update={"variables": tuple(sorted(read.used))}), found


def _files(paths: Iterable[str | os.PathLike[str]], problems: list[Problem]) -> list[Path]:
    """List the files once each, in the order given."""
    files: dict[str, Path] = {}
    for path in map(Path, paths):
        for file in _expanded(path, problems):
            files.setdefault(os.path.realpath(file), file)
    return list(files.values())


def _expanded(path: Path, problems: list[Problem]) -> Iterator[Path]:
    name = printable(str(path))
    try:
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix == ".json" and not file.is_dir())
            if not inside:
                problems.append(Problem(name, "", "the folder holds no *.json file", "name another folder or a file"))
            yield from inside
        elif path.is_file():
            yield path
        elif path.exists():
            problems.append(Problem(name, "", "is no regular file", "name a *.json file or a folder of them"))
        else:
            problems.append(Problem(name, "", "there is no such file or folder", "check the path"))
    except (OSError, ValueError) as error:
        problems.append(Problem(name, "", f"cannot be read: {_reason(error)}", "check its name and rights"))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotJson("", f"cannot be read: {_reason(error)}", "check its rights") from error


def _reason(error: Exception) -> str:
    return printable(error.strerror or str(error)) if isinstance(error, OSError) else printable(str(error))


def _repeated_ids(value: Any, file: str, first: dict[str, str]) -> Iterator[Found]:
    """Find ids used before, in this file or an earlier one, also in scenarios that are wrong otherwise."""
    scenarios = value.get("scenarios") if isinstance(value, dict) else None
    for index, scenario in enumerate(scenarios if isinstance(scenarios, list) else ()):
        used = scenario.get("id") if isinstance(scenario, dict) else None
        if not isinstance(used, str):
            continue
        place: Place = ("scenarios", index, "id")
        if used in first:
            yield place, f"the id {shown(used)} is used twice, first in {first[used]}", "give each scenario its own id"
        else:
            first[used] = f"{file}: {json_path(place)}"
