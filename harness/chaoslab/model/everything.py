"""What `chaoslab all` found: its parts' runs and their totals."""

from typing import Literal

from pydantic import Field

from chaoslab.model.result import Found


class FoundPart(Found):
    """One part. `run`: its run folder, below the whole's. `look`: what to look into, the worst first. `error`: why it did not run."""

    name: str
    run: str
    exit_code: int
    verdicts: dict[str, int] = Field(default_factory=dict)
    success_count: int = 0
    error_count: int = 0
    wall_seconds: float = 0.0
    look: tuple[str, ...] = ()
    error: str = ""


class AllResult(Found):
    """The whole: what all.json holds. `success_rate`: of all requests whose answers were judged, 0..1; None: there were none."""

    schema_version: Literal[1] = 1
    all_id: str
    exit_code: int
    wall_seconds: float
    scenarios: int
    passed: int
    success_rate: float | None
    parts: tuple[FoundPart, ...]
