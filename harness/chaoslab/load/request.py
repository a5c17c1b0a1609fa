"""What a user asked for -> pieces of work in order. Reads files and compose's configuration; starts nothing."""

from dataclasses import dataclass, field
from pathlib import Path

from chaoslab.errors import InputError, Problem
from chaoslab.lab.session import Project, read_project
from chaoslab.model.load_pattern import Pattern, PatternFile
from chaoslab.model.load_plan import Asked, PlannedPattern
from chaoslab.parse.load_file import parse_patterns
from chaoslab.plan.load import chosen, foreign, needs_knee, planned


@dataclass(frozen=True)
class LoadRequest:
    """What the user asked for. `names`: patterns of the file, all without any; `scripts`: k6 scripts that no pattern describes."""

    pattern_file: Path | None
    names: tuple[str, ...]
    scripts: tuple[Path, ...]
    compose_files: tuple[Path, ...]
    results: Path
    project: str | None = None
    asked: Asked = field(default_factory=Asked)
    strict: bool = False


@dataclass(frozen=True)
class Piece:
    """One pattern of a file, or one script."""

    asked: Asked
    lab: dict[str, str]
    file: PatternFile | None = None
    pattern: Pattern | None = None
    script: Path = Path()

    @property
    def calibrates(self) -> bool:
        """Whether it finds the knee that others' sizes follow from."""
        return self.file is not None and self.pattern is not None and self.file.calibration == self.pattern.name

    @property
    def needs_knee(self) -> bool:
        """Whether its own sizes follow from the knee."""
        return self.pattern is not None and needs_knee(self.pattern, self.asked)

    def planned(self, knee_rate: float | None) -> PlannedPattern:
        """Fill its sizes in."""
        if self.file is None or self.pattern is None:
            return foreign(self.script, self.asked, self.lab)
        return planned(self.file, self.pattern, self.asked, self.lab, knee_rate)


@dataclass(frozen=True)
class PreparedLoad:
    """A run of load before it starts."""

    project: Project
    pieces: tuple[Piece, ...]


def prepare_load(request: LoadRequest) -> PreparedLoad:
    """Read every file. Raises InputError with every problem; starts nothing."""
    missing = [
        Problem(str(script), "", "there is no such script", "name a k6 script or a pattern")
        for script in request.scripts
        if not script.is_file()
    ]
    if missing:
        raise InputError(missing)
    file = None if request.pattern_file is None else parse_patterns(request.pattern_file)
    patterns = () if file is None else chosen(file, request.names, request.asked)
    project = read_project(request.compose_files, request.project)
    lab = dict(project.spec.load.environment)
    pieces = [Piece(request.asked, lab, file, pattern) for pattern in patterns]
    pieces += [Piece(request.asked, lab, script=script) for script in request.scripts]
    return PreparedLoad(project, tuple(pieces))
