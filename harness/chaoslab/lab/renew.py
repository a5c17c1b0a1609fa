"""Containers made anew, for what follows to start fresh: what the engine restarted in an earlier repeat, what did not recover."""

from collections.abc import Callable, Collection

from chaoslab.clock import NS_PER_SECOND
from chaoslab.lab.lab import Lab
from chaoslab.lab.reconcile import reconcile
from chaoslab.store import WaitTimeout
from chaoslab.verdict.recovery import recovered_at

RENEW_SECONDS = 60
SETTLE_SECONDS = 10.0
Say = Callable[[str, float, str], None]
"""Tells the user: phase, its declared seconds, what happens in it."""


def renew(lab: Lab, services: Collection[str], say: Callable[[str], None]) -> None:
    """Recreate those of these services that the engine restarted since they were made. Raises ToolError, LabError.

    The engine restarts what crashed often with a growing back-off, which is not the system's recovery.
    """
    replicas = lab.engine.replicas(lab.spec.project)
    restarted = {replica.service for replica in replicas if replica.restart_count and replica.service in services}
    if restarted:
        say(f"{', '.join(sorted(restarted))} restarted in an earlier repeat: recreating")
        lab.reach.compose.recreate(restarted, RENEW_SECONDS)


def leave_clean(lab: Lab, targets: Collection[str], say: Say, *, recovered: bool) -> float:
    """Recreate targets that did not recover, and mend what the undos left. Returns the seconds that recreating took.

    Raises ToolError, LabError.
    """
    history, touched = lab.history, frozenset(targets)
    before = history.now_ns()
    if not recovered:
        _make_anew(lab, touched, say)
    recreated_ns = history.now_ns() - before
    mended = reconcile(lab, lambda _text: None, touched, thorough=False)
    for difference in mended.differences:
        history.event("note", text=f"found after the scenario and mended: {difference.where}: {difference.what}")
    for difference in mended.left:
        history.event("left_dirty", where=difference.where, what=difference.what)
    return 0.0 if recovered else recreated_ns / NS_PER_SECOND


def _make_anew(lab: Lab, touched: frozenset[str], say: Say) -> None:
    """Recreate what was hit; when that does not help, as where its clients are stuck, everything: one failure must not colour the next."""
    for services, why in (
        (touched, "did not come back"),
        (frozenset(lab.spec.services), "all anew: that alone did not help"),
    ):
        named = ", ".join(sorted(services))
        say("recreate", 0, f"{named}: {why}")
        lab.reach.compose.recreate(services, RENEW_SECONDS)
        lab.history.event("note", text=f"recreated {named}: {why}")
        if _settled(lab):
            return


def _settled(lab: Lab) -> bool:
    """Wait until every probe is good; say so in the history when they are not."""
    history = lab.history
    since = history.now_ns()
    try:
        history.wait(
            lambda: recovered_at(history.all_series(), lab.spec.probes.values(), since, NS_PER_SECOND),
            SETTLE_SECONDS,
            "a good lab after recreating",
        )
    except WaitTimeout as error:
        history.event("note", text=str(error))
        return False
    return True
