"""How verdicts combine: what is broken is so, whatever else is unknown."""

from collections.abc import Iterable

from chaoslab.model.result import VerdictName

SEVERITY: tuple[VerdictName, ...] = ("FAIL", "ERROR", "INCONCLUSIVE", "SKIPPED", "NOT RUN", "WARN", "PASS")
"""Verdicts, the one that decides first."""


def merge(verdicts: Iterable[VerdictName]) -> VerdictName:
    """Combine verdicts, in any order, to the one that decides; PASS when there is none."""
    return min(verdicts, key=SEVERITY.index, default="PASS")
