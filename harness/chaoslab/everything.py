"""`chaoslab all`: chaos, load and stress one after the other, and one summary of them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from chaoslab.clock import Clock, folder_stamp
from chaoslab.errors import ChaoslabError
from chaoslab.model.everything import AllResult, FoundPart
from chaoslab.model.result import RunResult
from chaoslab.report.everything import write_all
from chaoslab.store import RunFolder, StopFlag
from chaoslab.verdict.everything import found_part, judge_all

PREFIX = "all_"
Part = Callable[[Path], RunResult]
"""Runs one part, with its run folder below the path."""


def run_all(parts: Mapping[str, Part], results: Path, clock: Clock, stop: StopFlag) -> AllResult:
    """Run every part in order, whatever became of the one before; a request to stop ends it after the part under way.

    Each part cleans up after itself. The summary is written after every part.
    """
    began = clock.wall()
    folder = RunFolder.create(results, PREFIX + folder_stamp(began))
    found: list[FoundPart] = []
    for name, part in parts.items():
        if stop.reason:
            break
        found.append(_one(name, part, folder.path / name))
        write_all(folder, judge_all(found, folder.path.name, clock.wall() - began))
    return judge_all(found, folder.path.name, clock.wall() - began)


def _one(name: str, part: Part, results: Path) -> FoundPart:
    try:
        return found_part(name, part(results))
    except ChaoslabError as error:
        return FoundPart(name=name, run="", exit_code=int(error.exit_code), error=str(error))
