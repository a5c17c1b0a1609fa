"""The compose files that suites name as overlays: found, or told as missing; and what an overlay adds to the x-chaoslab block."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaoslab.errors import InputError, Problem
from chaoslab.model.suite import Suite
from chaoslab.parse.wording import json_path, shown

BLOCK = "x-chaoslab"
ADDED = f"{BLOCK}-"
"""Compose keeps only the last file's block of a name, so an overlay's has one of its own: `x-chaoslab-redis-ha`."""
WHERE = "it is looked for here, in the suite's folder and in the folder above that"


def overlay_files(suites: Sequence[Suite]) -> dict[tuple[str, ...], tuple[Path, ...]]:
    """Find the files of every set of overlays that the suites ask for. Raises InputError with each that is missing."""
    found: dict[tuple[str, ...], tuple[Path, ...]] = {}
    problems: list[Problem] = []
    for suite in suites:
        files = [overlay_file(name, Path(suite.file)) for name in suite.overlays]
        problems += [
            Problem(suite.file, json_path(("overlays", index)), f"there is no compose file {shown(name)}", WHERE)
            for index, (name, file) in enumerate(zip(suite.overlays, files, strict=True))
            if file is None
        ]
        if suite.overlays:
            found[suite.overlays] = tuple(file for file in files if file is not None)
    if problems:
        raise InputError(problems)
    return found


def overlay_file(name: str, suite: Path) -> Path | None:
    """Find an overlay: in the working folder, in the suite's, or in the one above it; None where there is none."""
    candidates = (Path(name), suite.parent / name, suite.parent.parent / name)
    return next((path for path in candidates if path.is_file()), None)


def block_of(config: Mapping[str, Any]) -> Any:
    """Return the x-chaoslab block of a compose project, with what overlays add: entries of their maps go to those of the same key."""
    block = config.get(BLOCK)
    for name, added in config.items():
        if not (name.startswith(ADDED) and isinstance(added, dict) and isinstance(block, dict)):
            continue
        block = {**block, **{key: _both(block.get(key), child) for key, child in added.items()}}
    return block


def _both(first: Any, second: Any) -> Any:
    return {**first, **second} if isinstance(first, dict) and isinstance(second, dict) else second
