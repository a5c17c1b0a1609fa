"""Puts a lab right, on any lab at any time: look, compare, carry out, look again. Journals tell only what no look can."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chaoslab.lab.clean import Difference, compare
from chaoslab.lab.lab import Lab
from chaoslab.lab.look import look
from chaoslab.lab.unfinished import tick_off, unfinished
from chaoslab.model.history import UndoResult
from chaoslab.undo import carry_out

ROUNDS = 3
"""Mending one thing can uncover another (an unpaused service turns out to be unhealthy)."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What differed, what was done about it, and what still differs."""

    differences: tuple[Difference, ...]
    results: tuple[UndoResult, ...]
    left: tuple[Difference, ...]

    @property
    def next_step(self) -> str:
        """Say what to do about what is left."""
        runs = ", ".join(dict.fromkeys(str(difference.run) for difference in self.left if difference.run))
        return "`make down && make up` starts afresh" + (f"; removing {runs} gives its undos up" if runs else "")


def differences(lab: Lab, services: frozenset[str] | None = None, *, thorough: bool = True) -> tuple[Difference, ...]:
    """Compare the lab with its clean state, and see what earlier runs left open.

    Not `thorough`: without packet rules, engine health checks and earlier runs, for between scenarios.
    """
    seen = look(lab.reach, lab.spec, services, rules=thorough, ours=lab.run_id)
    found = compare(lab.spec, seen, services, health=thorough)
    return (*found, *unfinished(lab.results, lab.spec.project)) if thorough else found


def reconcile(
    lab: Lab, say: Callable[[str], None], services: frozenset[str] | None = None, *, thorough: bool = True
) -> Reconciled:
    """Carry out the undo of every difference until there is none left, at most three rounds."""
    found: list[Difference] = []
    results: list[UndoResult] = []
    left = differences(lab, services, thorough=thorough)
    for _ in range(ROUNDS):
        if not left:
            break
        for difference in _once_each(left):
            say(f"{difference.where}: {difference.what}: {difference.undo.verb.replace('_', ' ')}")
            found.append(difference)
            result = carry_out(difference.undo, lab.reach)
            results.append(tick_off(difference.run, result) if difference.run else result)
        left = differences(lab, services, thorough=thorough)
    return Reconciled(tuple(found), tuple(results), left)


def _once_each(found: tuple[Difference, ...]) -> list[Difference]:
    """Drop repeats: several limits of one replica, or several replicas of one service, are mended by recreating once."""
    keep: dict[tuple[str, str, Path | None], Difference] = {}
    for difference in found:
        undo = difference.undo
        what = undo.service if undo.verb == "recreate" else undo.id
        keep.setdefault((undo.verb, what, difference.run), difference)
    return list(keep.values())
