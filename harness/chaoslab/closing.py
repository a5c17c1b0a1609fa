"""The clean beginning and the clean end of a session on the lab: mend what differs, undo what is left, say what could not be."""

from dataclasses import dataclass, field, replace

from chaoslab.errors import ChaoslabError, LabDirty
from chaoslab.lab.lab import Lab
from chaoslab.lab.reconcile import reconcile
from chaoslab.report.progress import Progress
from chaoslab.tools.guard_process import GuardProcess
from chaoslab.undo import UndoStack

WORST = frozenset({"cpu_percent_of_one_core", "worst_late_ms"})
"""Of these facts on an observer the worst session's counts for the run; the others add up."""

STARVED_SHARE = 0.05
"""With more late requests than this the observer was starved, and the run says so."""


@dataclass(frozen=True)
class Closing:
    """How a run ended: whether the lab is clean (None: it was never touched), what went wrong, what is to be said."""

    clean: bool | None = None
    error: ChaoslabError | None = None
    notes: tuple[str, ...] = ()
    observer: dict[str, float] = field(default_factory=dict)

    def because(self, error: ChaoslabError) -> "Closing":
        """Add what ended the run."""
        return replace(self, error=self.error or error, notes=(*self.notes, str(error)))

    def dirty(self, error: ChaoslabError) -> "Closing":
        """Add what kept the lab from being put back."""
        return replace(self, clean=False, notes=(*self.notes, str(error)))

    def then(self, later: "Closing") -> "Closing":
        """Add how the run's next session ended."""
        known = [clean for clean in (self.clean, later.clean) if clean is not None]
        observer = {
            name: (max if name in WORST else sum)([one[name] for one in (self.observer, later.observer) if name in one])
            for name in {**self.observer, **later.observer}
        }
        return Closing(all(known) if known else None, self.error or later.error, (*self.notes, *later.notes), observer)


def make_clean(lab: Lab, progress: Progress, when: str) -> None:
    """Mend every difference from the clean state, saying each. Raises LabDirty when some are left."""
    mended = reconcile(lab, lambda text: progress.step(f"{when}: {text}"))
    if mended.left:
        what = "; ".join(f"{difference.where}: {difference.what}" for difference in mended.left)
        raise LabDirty(
            f"the lab is not clean and could not be put right: {what}",
            remedy=f"`chaoslab status` shows it; {mended.next_step}",
        )


def close(lab: Lab, stack: UndoStack, guard: GuardProcess | None) -> Closing:
    """Undo what is left and compare everything with the clean state; the guard, if any, goes only when nothing is left to do."""
    notes: list[str] = []
    clean = True
    try:
        notes += [f"undone at the end: {result.undo}: {result.note}" for result in stack.unwind()]
        mended = reconcile(lab, lambda text: notes.append(f"mended at the end: {text}"))
        clean = not mended.left and not stack.pending
        notes += [f"still not clean: {difference.where}: {difference.what}" for difference in mended.left]
    except ChaoslabError as error:
        clean = False
        notes.append(f"the lab could not be compared with its clean state: {error}")
        notes.append("next: `chaoslab recover` once the engine answers")
    if clean and guard is not None:
        guard.dismiss()
    observer = observer_stats(lab)
    share = observer.get("late_sends", 0) / max(observer.get("samples", 0), 1)
    if share > STARVED_SHARE:
        notes.append(
            f"the observer was starved: {share:.0%} of its requests were sent more than 5 ms late, so this machine was "
            "too busy for numbers to be trusted to the millisecond"
        )
    return Closing(clean, None, tuple(notes), observer)


def observer_stats(lab: Lab) -> dict[str, float]:
    """Ask how the observer fared; nothing when it is gone."""
    try:
        stats = lab.observer.stats()
    except ChaoslabError:
        return {}
    return {
        "cpu_percent_of_one_core": stats.cpu_percent_of_one_core,
        "samples": stats.samples,
        "late_sends": stats.late_sends,
        "worst_late_ms": stats.worst_late_ms,
    }
