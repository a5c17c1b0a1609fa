"""The beginning of a session on the lab, shared by all kinds of runs: brought up while nobody else uses it."""

from collections.abc import Callable
from dataclasses import dataclass

from chaoslab.clock import Clock
from chaoslab.errors import ToolError
from chaoslab.lab.lock import await_free
from chaoslab.lab.session import Project, bring_up
from chaoslab.store import History
from chaoslab.tools.engine import Engine


@dataclass(frozen=True)
class Opening:
    """What bringing a lab up needs."""

    project: Project
    engine: Engine
    history: History
    clock: Clock
    say: Callable[[str], None]


def bring_up_alone(opening: Opening, what: str = "bringing the lab up") -> None:
    """Bring the lab up while nobody else uses it. Raises LockHeld, LabError, and Interrupted when asked to stop meanwhile."""
    opening.history.stop.check()
    opening.say(what)
    await_free(opening.engine, opening.project.spec.project, opening.clock)
    try:
        bring_up(opening.project, opening.engine)
    except ToolError:
        opening.history.stop.check()  # Ctrl-C ends compose as well
        raise
