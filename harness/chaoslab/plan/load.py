"""Pattern files -> patterns in order, with their sizes filled in. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from chaoslab.errors import InputError, Problem
from chaoslab.model.load_pattern import Pattern, PatternFile, RelativeSize
from chaoslab.model.load_plan import Asked, PlannedPattern, PlannedWindow
from chaoslab.parse.wording import nearest, shown

SCRIPT_SUITE = "load"
"""The suite that foreign scripts belong to."""


def chosen(file: PatternFile, names: Sequence[str], asked: Asked) -> tuple[Pattern, ...]:
    """Pick the named patterns in the file's order (all without names), the calibration first where sizes follow from it.

    Raises InputError for unknown names, and for a number of users or a setting that a named pattern cannot take.
    """
    by_name = {pattern.name: pattern for pattern in file.patterns}
    problems = [
        Problem(name, "", "there is no such pattern or script", nearest(name, by_name))
        for name in names
        if name not in by_name
    ]
    picked = [pattern for pattern in file.patterns if not names or pattern.name in names]
    problems += [
        Problem(pattern.name, "", "has no users to set", f"--set one of {', '.join(pattern.sizes.full)}")
        for pattern in picked
        if names and asked.users is not None and not pattern.users
    ]
    problems += [problem for pattern in picked for problem in _bad_settings(pattern, asked)]
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    calibration = [pattern for pattern in file.patterns if pattern.name == file.calibration]
    first = calibration if any(needs_knee(pattern, asked) for pattern in picked) else []
    return (*first, *(pattern for pattern in picked if pattern not in first))


def needs_knee(pattern: Pattern, asked: Asked) -> bool:
    """Whether a size of the pattern follows from the knee, as it was asked for."""
    return any(isinstance(size, RelativeSize) for size in _sizes(pattern, asked).values())


def planned(
    file: PatternFile, pattern: Pattern, asked: Asked, lab: Mapping[str, str], knee_rate: float | None = None
) -> PlannedPattern:
    """Fill in a pattern's sizes. `lab`: what the lab tells every script; `knee_rate` is needed where `needs_knee` says so."""
    numbers = {name: _number(size, knee_rate) for name, size in _sizes(pattern, asked).items()}
    environment = {**lab, **{name: _text(number) for name, number in numbers.items()}, **asked.settings}
    return PlannedPattern(
        suite=file.name,
        name=pattern.name,
        title=pattern.title,
        script=Path(file.file).parent / pattern.script,
        environment=environment,
        windows=tuple(_windows(pattern, numbers, overload=_overload(pattern, asked))),
        breaks=pattern.breaks,
        thresholds=(*pattern.thresholds, *(one for one in file.thresholds if _applies(one.during, pattern))),
        knee_rate=knee_rate,
    )


def foreign(script: Path, asked: Asked, lab: Mapping[str, str]) -> PlannedPattern:
    """Plan a script that no pattern describes: its own k6 thresholds decide."""
    environment = {**lab, **({} if asked.users is None else {"USERS": str(asked.users)}), **asked.settings}
    return PlannedPattern(SCRIPT_SUITE, script.stem, str(script), script, environment, own_thresholds=True)


def _applies(kinds: Sequence[str], pattern: Pattern) -> bool:
    return not kinds or any(window.kind in kinds for window in pattern.windows)


def _sizes(pattern: Pattern, asked: Asked) -> dict[str, float | RelativeSize]:
    sizes: dict[str, float | RelativeSize] = dict(
        pattern.sizes.full if asked.profile == "full" else pattern.sizes.quick
    )
    if asked.users is not None:
        sizes |= {name: max(1.0, round(share * asked.users)) for name, share in pattern.users.items()}
    return sizes | {name: float(asked.settings[name]) for name in sizes if name in asked.settings}


def _bad_settings(pattern: Pattern, asked: Asked) -> Iterator[Problem]:
    for name in sorted(pattern.sizes.full.keys() & asked.settings.keys()):
        try:
            number = float(asked.settings[name])
        except ValueError:
            number = -1.0
        if not 0 <= number <= 1e6:
            yield Problem("--set", name, f"must be a number from 0 to 1000000, not {shown(asked.settings[name])}")


def _number(size: float | RelativeSize, knee_rate: float | None) -> float:
    if not isinstance(size, RelativeSize):
        return size
    assert knee_rate is not None, "sizes that follow from the knee are filled in after the calibration"
    return float(size.at(knee_rate))


def _text(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _overload(pattern: Pattern, asked: Asked) -> bool:
    """Whether more users were asked for than the pattern is known by."""
    known = [pattern.sizes.full[name] for name, share in pattern.users.items() if share == 1]
    return asked.users is not None and any(asked.users > size for size in known if not isinstance(size, RelativeSize))


def _windows(pattern: Pattern, numbers: Mapping[str, float], *, overload: bool) -> Iterator[PlannedWindow]:
    at = 0.0
    for window in pattern.windows:
        seconds = numbers[window.seconds] if isinstance(window.seconds, str) else window.seconds
        end = None if seconds is None else at + seconds
        if end is None or end > at:
            yield PlannedWindow(window.name, window.kind, at, end, overload and window.kind == "steady")
        at = at if end is None else end
