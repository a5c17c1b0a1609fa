"""`chaoslab recover`: puts right everything that differs from the clean state."""

from pathlib import Path

import click

from chaoslab.cli.options import compose_options, json_option, results_option
from chaoslab.cli.output import emit, note
from chaoslab.errors import Exit


@click.command("recover")
@compose_options
@results_option()
@json_option
def command(compose_files: tuple[Path, ...], project: str | None, results: Path, as_json: bool) -> int:
    """Compare the lab with its declared state and mend every difference, on any lab at any time, with or without a journal.

    What a killed run's `http` fault did shows in no comparison: it is undone where the run's journal is still there.
    Exit code 0: clean now; 5: something is left, and said.
    """
    from chaoslab.cli.lab_session import session  # noqa: PLC0415 - reaches for the engine
    from chaoslab.lab.reconcile import reconcile  # noqa: PLC0415 - the same

    with session(compose_files, project, results, "recover") as lab:
        done = reconcile(lab, lambda text: None if as_json else note(text))
    undone = [{"undo": str(result.undo), "clean": result.clean, "note": result.note} for result in done.results]
    left = [{"where": difference.where, "what": difference.what} for difference in done.left]
    rows = [(str(result.undo), "done" if result.clean else "failed", result.note) for result in done.results]
    emit(
        as_json=as_json,
        value={"clean": not left, "undone": undone, "left": left},
        rows=rows,
        headers=("undo", "outcome", "note"),
        empty=f"clean: {lab.spec.project} is as its compose files declare it",
    )
    for difference in done.left:
        note(f"still not clean: {difference.where}: {difference.what}")
    if done.left:
        note(f"next: {done.next_step}")
    return Exit.LAB_DIRTY if done.left else Exit.PASSED
