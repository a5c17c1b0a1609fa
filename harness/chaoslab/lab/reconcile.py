"""Puts a lab right, on any lab at any time, with or without a journal: look, compare, carry out, look again."""

from collections.abc import Callable
from dataclasses import dataclass

from chaoslab.lab.clean import Difference, compare
from chaoslab.lab.lab import Lab
from chaoslab.lab.look import look
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


def differences(lab: Lab, services: frozenset[str] | None = None, *, thorough: bool = True) -> tuple[Difference, ...]:
    """Compare the lab with its clean state. Not `thorough`: without packet rules and engine health checks, for between scenarios."""
    seen = look(lab.reach, lab.spec, services, rules=thorough, ours=lab.run_id)
    return compare(lab.spec, seen, services, health=thorough)


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
            results.append(carry_out(difference.undo, lab.reach))
        left = differences(lab, services, thorough=thorough)
    return Reconciled(tuple(found), tuple(results), left)


def _once_each(found: tuple[Difference, ...]) -> list[Difference]:
    """Drop repeats: several limits of one replica, or several replicas of one service, are mended by recreating once."""
    keep: dict[tuple[str, str], Difference] = {}
    for difference in found:
        undo = difference.undo
        keep.setdefault((undo.verb, undo.service) if undo.verb == "recreate" else (undo.verb, undo.id), difference)
    return list(keep.values())
