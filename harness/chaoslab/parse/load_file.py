"""Pattern files -> PatternFile, or every problem in one of them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from chaoslab.errors import InputError, Problem
from chaoslab.model.load_pattern import WHOLE_MEASURES, Pattern, PatternFile, RelativeSize, Threshold
from chaoslab.parse.json_text import NotJson, read_json
from chaoslab.parse.problems import explain
from chaoslab.parse.wording import Found, Place, json_path, nearest, printable, shown


def parse_patterns(path: Path) -> PatternFile:
    """Read a file of patterns. Raises InputError with every problem, missing scripts included."""
    file = printable(str(path))
    try:
        value, found = read_json(path.read_bytes())
    except OSError as error:
        raise InputError([Problem(file, "", f"cannot be read: {error.strerror}", "name another file")]) from error
    except NotJson as error:
        raise InputError([Problem(file, error.place, error.message, error.remedy)]) from error
    if isinstance(value, dict):
        value = {key: child for key, child in value.items() if key != "$schema" and not key.startswith("x-")}
    patterns = None
    try:
        patterns = PatternFile.model_validate_json(json.dumps(value))
    except ValidationError as error:
        found += explain(error, PatternFile, value)
    else:
        found += _misfits(patterns, path.parent)
    if found or patterns is None:
        raise InputError([Problem(file, json_path(place), message, remedy) for place, message, remedy in found])
    return patterns.model_copy(update={"file": str(path)})


def _misfits(file: PatternFile, folder: Path) -> Iterator[Found]:
    names = [pattern.name for pattern in file.patterns]
    yield from _bad_calibration(file)
    for index, threshold in enumerate(file.thresholds):
        yield from _bad_threshold(("thresholds", index), threshold)
    for index, pattern in enumerate(file.patterns):
        place: Place = ("patterns", index)
        if pattern.name in names[:index]:
            yield (*place, "name"), f"the name {shown(pattern.name)} is taken", "give each pattern its own name"
        if not (folder / pattern.script).is_file():
            there = folder / pattern.script
            yield (*place, "script"), f"there is no file {printable(str(there))}", "scripts lie beside the pattern file"
        yield from _bad_sizes(place, pattern, file)
        yield from _bad_windows(place, pattern)
        kinds = {window.kind for window in pattern.windows}
        for number, threshold in enumerate(pattern.thresholds):
            where = (*place, "thresholds", number)
            yield from _bad_threshold(where, threshold)
            if threshold.during and not kinds.intersection(threshold.during):
                yield (*where, "during"), "no window of the pattern is of these kinds", nearest("", sorted(kinds))


def _bad_calibration(file: PatternFile) -> Iterator[Found]:
    if file.calibration is None:
        return
    named = next((pattern for pattern in file.patterns if pattern.name == file.calibration), None)
    names = [pattern.name for pattern in file.patterns]
    if named is None:
        yield ("calibration",), f"there is no pattern {shown(file.calibration)}", nearest(file.calibration, names)
    elif named.breaks is None:
        yield ("calibration",), f"{shown(named.name)} has no breaks, so it finds no knee", "give it breaks"


def _bad_sizes(place: Place, pattern: Pattern, file: PatternFile) -> Iterator[Found]:
    profiles: Mapping[str, Mapping[str, object]] = {"full": pattern.sizes.full, "quick": pattern.sizes.quick}
    for profile, sizes in profiles.items():
        where = (*place, "sizes", profile)
        for missing in sorted({*pattern.sizes.full, *pattern.sizes.quick} - sizes.keys()):
            yield where, f"the size {shown(missing)} is missing", "each profile gives every size"
        for name, size in sizes.items():
            if not isinstance(size, RelativeSize):
                continue
            if file.calibration is None:
                yield (*where, name), "of_knee without a calibration", "name the pattern that finds the knee"
            elif file.calibration == pattern.name:
                yield (*where, name), "the calibration's own sizes cannot follow from the knee", "give a number"
    for name in pattern.users:
        if name not in pattern.sizes.full:
            yield (*place, "users", name), f"unknown size {shown(name)}", nearest(name, pattern.sizes.full)


def _bad_windows(place: Place, pattern: Pattern) -> Iterator[Found]:
    for index, window in enumerate(pattern.windows):
        where = (*place, "windows", index)
        if window.name in [earlier.name for earlier in pattern.windows[:index]]:
            yield (*where, "name"), f"the name {shown(window.name)} is taken", "give each window its own name"
        if window.seconds is None and index < len(pattern.windows) - 1:
            yield where, 'the key "seconds" is missing', "only the last window goes on to the end"
        if not isinstance(window.seconds, str):
            continue
        sizes = [sizes.get(window.seconds) for sizes in (pattern.sizes.full, pattern.sizes.quick)]
        if None in sizes:
            remedy = nearest(window.seconds, pattern.sizes.full)
            yield (*where, "seconds"), f"unknown size {shown(window.seconds)}", remedy
        elif any(isinstance(size, RelativeSize) for size in sizes):
            yield (*where, "seconds"), "a time cannot follow from the knee", "give the size as a number"


def _bad_threshold(place: Place, threshold: Threshold) -> Iterator[Found]:
    if threshold.min is None and threshold.max is None:
        yield place, "neither min nor max is given", "give at least one bound"
    if threshold.measure in WHOLE_MEASURES:
        for key in ("of", "during"):
            if getattr(threshold, key):
                yield (*place, key), f"{threshold.measure} is of the pattern as a whole", "remove it"
