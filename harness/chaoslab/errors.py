"""The one error tree: a class is an exit code, a message says what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command. Where several hold, the order of ATTENTION decides."""

    PASSED = 0
    FAILED = 1
    BAD_INPUT = 2
    INCONCLUSIVE = 3
    TOOL_ERROR = 4
    LAB_DIRTY = 5
    INTERRUPTED = 130


ATTENTION = (
    Exit.LAB_DIRTY,
    Exit.INTERRUPTED,
    Exit.TOOL_ERROR,
    Exit.FAILED,
    Exit.INCONCLUSIVE,
    Exit.BAD_INPUT,
    Exit.PASSED,
)


class ChaoslabError(Exception):
    """Anything the harness says to a user instead of a traceback: what happened and what to do next."""

    exit_code = Exit.TOOL_ERROR

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  next: {self.remedy}" if self.remedy else self.message


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with an input: where (`file:line:column` or a JSON path such as `$.scenarios[0].faults[1]`), what, and the remedy."""

    file: str
    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.file}: {self.path}" if self.path else self.file
        return f"{place}: {self.message}" + (f" ({self.remedy})" if self.remedy else "")


class InputError(ChaoslabError):
    """Bad files or arguments: every problem at once, before anything starts."""

    exit_code = Exit.BAD_INPUT

    def __init__(self, problems: Sequence[Problem], *, remedy: str = "") -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(
            f"{count} problem{'s' if count != 1 else ''} found, nothing was started:\n{lines}", remedy=remedy
        )


class UsageError(ChaoslabError):
    """Arguments that do not fit together."""

    exit_code = Exit.BAD_INPUT


class ScriptError(ChaoslabError):
    """A load script does not run: what its user wrote is wrong, and only running it could tell."""

    exit_code = Exit.BAD_INPUT


class ToolError(ChaoslabError):
    """An outside program or API failed; its words ride along."""

    def __init__(
        self, message: str, *, remedy: str = "", argv: Sequence[str] = (), code: int | None = None, output: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.argv = tuple(argv)
        self.code = code
        self.output = output


class EngineGone(ToolError):
    """The engine does not answer (any more)."""


class LabError(ChaoslabError):
    """The lab is not what it must be: does not come up, wrong project, missing declaration."""


class LockHeld(LabError):
    """Another run, or the guard of an earlier one, works on this lab."""


class LabDirty(ChaoslabError):
    """Something could not be put right."""

    exit_code = Exit.LAB_DIRTY


class CannotInject(ChaoslabError):
    """The host or the image lacks what a fault needs: the scenario is SKIPPED with this reason."""


class NotProvable(ChaoslabError):
    """A fault could not be brought to bear (target already down, trigger never open): INCONCLUSIVE with this reason."""


class PausedOnFail(ChaoslabError):
    """A scenario failed and the user had asked to go no further then (PAUSE_ON_FAIL)."""

    exit_code = Exit.FAILED


class Interrupted(ChaoslabError):
    """The user or the system asked the harness to stop."""

    exit_code = Exit.INTERRUPTED
