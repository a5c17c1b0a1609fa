"""A stored run of load, judged again offline: the same pure judgement on what the folder holds."""

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from chaoslab.errors import Exit, LabError
from chaoslab.load.keep import END, PLAN, REQUESTS
from chaoslab.model.load_plan import PlannedPattern
from chaoslab.model.result import RunResult, ScenarioResult
from chaoslab.parse.load_line import PREFIX, load_batch
from chaoslab.store import RESULT, read_json
from chaoslab.verdict.judge import judge_run
from chaoslab.verdict.load import Ended, Recording, Tape, judge_pattern

KIND = "load"


def rejudge_load(folder: Path, manifest: dict[str, Any], *, strict: bool) -> RunResult:
    """Judge a run of load again. What was not run stays so. Raises LabError when the folder cannot be read by this version."""
    told = RunResult.model_validate(read_json(folder / RESULT))
    results = [one if one.pattern is None else again(folder / KIND / one.id) for one in told.scenarios]
    return judge_run(
        results,
        run_id=folder.resolve().name,
        profile=told.profile,
        seed=told.seed,
        started=manifest.get("started", ""),
        wall_seconds=told.wall_seconds,
        lab_clean=told.lab_clean,
        failed_with=Exit.PASSED,
        observer=told.observer,
        notes=("judged again from the stored requests",),
        strict=strict,
    ).model_copy(update={"summary": None, "suites": ()})


def again(folder: Path) -> ScenarioResult:
    """Judge one pattern from its plan, its end and its requests."""
    try:
        planned = TypeAdapter(PlannedPattern).validate_json((folder / PLAN).read_bytes())
        ended = TypeAdapter(Ended).validate_json((folder / END).read_bytes())
        return judge_pattern(planned, Recording(tape(folder / REQUESTS)), ended)
    except (ValidationError, ValueError, OSError) as error:
        raise LabError(
            f"{folder} is not a readable part of a run: {error}", remedy="judge it with the version in its manifest"
        ) from error


def tape(requests: Path) -> Tape:
    """Read every stored request."""
    made = Tape()
    with requests.open(encoding="utf-8") as file:
        for line in file:
            if (batch := load_batch(PREFIX + line)) is not None:
                made.add(batch)
    return made
