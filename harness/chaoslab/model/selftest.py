"""The self-test: which bugs the lab can carry, which scenarios must notice each, and what was found."""

from typing import Annotated, Literal

from pydantic import Field

from chaoslab.model.result import Found, VerdictName
from chaoslab.model.suite import Identifier
from chaoslab.model.value import Value

HEALTHY = "healthy"
"""The name of the lab without any bug, in tables and on the command line."""
LEAST_BYSTANDERS = 5

Outcome = Literal["caught", "missed", "passed", "false alarm", "not judged"]


class Bug(Value):
    """One resilience mechanism taken out: `environment` switches it on when the lab is brought up.

    Each of `caught_by` must FAIL; each of `bystanders`, fixed beforehand, must pass.
    """

    name: Identifier
    description: str = ""
    environment: dict[str, str] = Field(default_factory=dict)
    caught_by: tuple[str, ...] = Field(min_length=1)
    bystanders: tuple[str, ...] = Field(min_length=LEAST_BYSTANDERS)


class SelfTest(Value):
    """The definition file. A bug without `environment` is switched on by `variable` = its name."""

    version: Literal[1] = 1
    description: str = ""
    variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "LAB_BUGS"
    bugs: tuple[Bug, ...] = Field(min_length=1)

    def environment(self, bug: Bug) -> dict[str, str]:
        """Say what the lab is brought up with for this bug."""
        return dict(bug.environment) or {self.variable: bug.name}

    def scenarios(self) -> tuple[str, ...]:
        """Name every scenario that some bug names, once each."""
        return tuple(dict.fromkeys(id_ for bug in self.bugs for id_ in (*bug.caught_by, *bug.bystanders)))


class FoundCell(Found):
    """One scenario on one lab: what it was there for, its verdict, and the first reason behind it."""

    scenario: str
    expected: Literal["FAIL", "PASS"]
    verdict: VerdictName
    outcome: Outcome
    reason: str = ""


class FoundBug(Found):
    """One bug, or the healthy lab: what each of its scenarios said. `run`: the run's folder, below the self-test's."""

    name: str
    run: str
    exit_code: int
    cells: tuple[FoundCell, ...]
    wall_seconds: float = 0.0

    @property
    def fine(self) -> bool:
        """Whether every scenario said what it must."""
        return all(cell.outcome in ("caught", "passed") for cell in self.cells)


class SelfTestResult(Found):
    """The whole self-test: what selftest.json holds. A bug that was not run yet has no entry."""

    schema_version: Literal[1] = 1
    test_id: str
    exit_code: int
    bugs: tuple[FoundBug, ...]
    missing: tuple[str, ...] = ()
    """Bugs of the definition that were not run (to the end) yet."""
