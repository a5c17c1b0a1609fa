"""The spine of a run of load: from files to verdicts. Read `run_load` to know it."""

from dataclasses import dataclass, field

from chaoslab.clock import Clock, folder_stamp, iso
from chaoslab.closing import Closing, close, make_clean
from chaoslab.errors import ChaoslabError, Exit, Interrupted, LabError
from chaoslab.journal import Journal
from chaoslab.lab import preflight
from chaoslab.lab.lab import Lab
from chaoslab.lab.load import IMAGE
from chaoslab.lab.session import Purpose, opened
from chaoslab.load.calm import await_calm
from chaoslab.load.manifest import load_manifest
from chaoslab.load.one import OnePattern
from chaoslab.load.request import LoadRequest, Piece, PreparedLoad, prepare_load
from chaoslab.model.result import RunResult, ScenarioResult
from chaoslab.opening import Opening, bring_up_alone
from chaoslab.report import write_reports
from chaoslab.report.load_page import write_load_page
from chaoslab.report.load_progress import LoadProgress
from chaoslab.store import MANIFEST, History, RunFolder, StopFlag
from chaoslab.tools.engine import Engine
from chaoslab.tools.image_builder import build
from chaoslab.undo import UndoStack
from chaoslab.verdict.judge import judge_run


@dataclass
class RunningLoad:
    """A run of load under way. `knee_rate`: answers per second, once a calibration has found it."""

    request: LoadRequest
    prepared: PreparedLoad
    engine: Engine
    folder: RunFolder
    history: History
    journal: Journal
    clock: Clock
    progress: LoadProgress
    results: list[ScenarioResult] = field(default_factory=list)
    knee_rate: float | None = None


def run_load(request: LoadRequest, clock: Clock, stop: StopFlag, progress: LoadProgress) -> RunResult:
    """Run patterns of load against the lab and judge them.

    1. Read every file: every problem is raised as InputError before anything starts.
    2. Check engine, disk and memory; open the run folder, manifest first.
    3. One session on the lab (`one_session`): each pattern by itself, the calibration first.
    4. Judge the run and write the reports.
    """
    prepared = prepare_load(request)
    engine = Engine(prepared.project.endpoint)
    preflight.check(request.results, engine)
    started = clock.wall()
    folder = RunFolder.create(request.results, folder_stamp(started))
    progress.load_started(len(prepared.pieces), request.asked.profile, folder.path)
    folder.write_json(MANIFEST, load_manifest(request, prepared, engine) | {"started": iso(started)})
    history, journal = History(folder, clock, stop), Journal(folder)
    running = RunningLoad(request, prepared, engine, folder, history, journal, clock, progress)
    closing = Closing()
    try:
        closing = one_session(running)
    finally:
        history.close()
        journal.close()
    return finish(running, closing, started)


def one_session(running: RunningLoad) -> Closing:
    """Run every piece on a lab that is ours alone meanwhile.

    1. Bring the lab up, take its lock, put right what an earlier run left.
    2. Piece after piece: wait until the lab is calm, run, judge.
    3. On any exit: compare everything with the clean state.
    """
    project, history, progress = running.prepared.project, running.history, running.progress
    closing = Closing()
    try:
        if not running.engine.has_image(IMAGE):
            progress.step("building k6, once on this engine (about two minutes)")
            build("k6", project.endpoint)
        bring_up_alone(Opening(project, running.engine, history, running.clock, progress.step))
        with opened(
            project,
            running.engine,
            history,
            running.clock,
            Purpose(running.folder.path.name, "load", results=running.request.results),
        ) as lab:
            stack = UndoStack(running.journal, lab.reach)
            try:
                make_clean(lab, progress, "before the run")
                for piece in running.prepared.pieces:
                    running.results.append(one_piece(running, lab, piece))
                    history.check()
            finally:
                closing = close(lab, stack, None)
    except ChaoslabError as error:
        closing = closing.because(error)
    return closing


def one_piece(running: RunningLoad, lab: Lab, piece: Piece) -> ScenarioResult:
    """Run one piece, or say why it cannot be; a calibration's knee is remembered."""
    if piece.needs_knee and not running.knee_rate:
        result = not_run(piece, "its sizes follow from the knee, which was not found")
    else:
        await_calm(lab)
        result = OnePattern(piece.planned(running.knee_rate), lab, running.progress).run()
    if piece.calibrates and result.pattern is not None and result.pattern.breaking is not None:
        running.knee_rate = result.pattern.breaking.knee_rate
    running.progress.pattern_ended(result)
    return result


def not_run(piece: Piece, reason: str) -> ScenarioResult:
    """Give the result of a piece that was not started."""
    suite, name = (piece.file.name, piece.pattern.name) if piece.file and piece.pattern else ("load", piece.script.stem)
    title = piece.pattern.title if piece.pattern else str(piece.script)
    return ScenarioResult(suite=suite, id=name, name=title, verdict="NOT RUN", reasons=(reason,))


def finish(running: RunningLoad, closing: Closing, started: float) -> RunResult:
    """Judge the whole run and write its reports."""
    left = running.prepared.pieces[len(running.results) :]
    results = [*running.results, *(not_run(piece, "was not started") for piece in left)]
    judged = judge_run(
        results,
        run_id=running.folder.path.name,
        profile=running.request.asked.profile,
        seed=0,
        started=iso(started),
        wall_seconds=running.clock.wall() - started,
        lab_clean=closing.clean is not False,
        interrupted=isinstance(closing.error, Interrupted),
        failed_with=closing.error.exit_code if closing.error else Exit.PASSED,
        observer=closing.observer,
        notes=closing.notes,
        strict=running.request.strict,
    ).model_copy(update={"summary": None, "suites": ()})
    try:
        write_reports(running.folder, judged)
        write_load_page(running.folder, judged)
    except LabError as error:  # the verdicts are still told on the console
        return judged.model_copy(update={"notes": (*judged.notes, str(error))})
    return judged
