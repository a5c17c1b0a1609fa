"""The spine: one run from files to verdict. Read `run` to know the program."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field

from chaoslab.clock import Clock, folder_stamp, iso
from chaoslab.closing import Closing, close, make_clean
from chaoslab.errors import (
    ATTENTION,
    ChaoslabError,
    EngineGone,
    Exit,
    Interrupted,
    LabError,
    PausedOnFail,
    ScriptError,
)
from chaoslab.experiment import Experiment
from chaoslab.journal import Journal
from chaoslab.lab import preflight
from chaoslab.lab.lab import Lab
from chaoslab.lab.load import ScenarioLoad
from chaoslab.lab.lock import await_free
from chaoslab.lab.renew import renew
from chaoslab.lab.session import Project, Purpose, bring_up, opened
from chaoslab.manifest import manifest
from chaoslab.model.plan import Plan, PlannedScenario
from chaoslab.model.result import RunResult, ScenarioResult
from chaoslab.opening import Opening, bring_up_alone
from chaoslab.prepare import Prepared, RunRequest, prepare
from chaoslab.report import write_reports
from chaoslab.report.progress import Progress
from chaoslab.store import MANIFEST, History, RunFolder, StopFlag, WaitTimeout
from chaoslab.tools.engine import Engine
from chaoslab.tools.guard_process import GuardProcess
from chaoslab.undo import UndoStack
from chaoslab.verdict.judge import judge_run, judge_scenario, not_run

__all__ = ["RunRequest", "run"]


@dataclass
class Running:
    """A run under way: what was asked for, the doors it uses, and the verdicts so far."""

    request: RunRequest
    prepared: Prepared
    engine: Engine
    folder: RunFolder
    history: History
    journal: Journal
    clock: Clock
    progress: Progress
    results: list[ScenarioResult] = field(default_factory=list)


def run(request: RunRequest, clock: Clock, stop: StopFlag, progress: Progress) -> RunResult:
    """Run suites against the lab and judge them.

    1. Parse and plan: every problem is raised as InputError before anything starts.
    2. Check engine, disk and memory; open the run folder, manifest first.
    3. Per set of overlays a session on the lab (`one_session`); nearly always there is just one.
    4. Bring the lab back without overlays, however the run ended.
    5. Judge the run and write the reports.
    """
    prepared = prepare(request)
    engine = Engine(prepared.project.endpoint)
    preflight.check(request.results, engine)
    started = clock.wall()
    folder = RunFolder.create(request.results, folder_stamp(started))
    progress.run_started(prepared.plan, folder.path)
    folder.write_json(MANIFEST, manifest(request, prepared, engine) | {"started": iso(started)})
    history, journal = History(folder, clock, stop), Journal(folder)
    running = Running(request, prepared, engine, folder, history, journal, clock, progress)
    closing = Closing()
    try:
        for scenarios in prepared.plan.sessions:
            closing = closing.then(one_session(running, scenarios))
            if closing.error:
                break
        closing = bring_back(running, scenarios, closing)
    finally:
        history.close()
        journal.close()
    why = closing.error.message if isinstance(closing.error, PausedOnFail) else "was not started"
    results = [
        *running.results,
        *(not_run(planned, why) for planned in prepared.plan.scenarios[len(running.results) :]),
    ]
    return finish(request, prepared.plan, folder, results, closing, RunTimes(started, clock.wall()))


def one_session(running: Running, scenarios: Sequence[PlannedScenario]) -> Closing:
    """Run scenarios that want the lab brought up with the same compose files.

    1. Bring the lab up and take its lock; a guard process watches over this one from here on.
    2. Put right what an earlier run left.
    3. Per scenario: experiment, then judge from what was recorded.
    4. On any exit: undo what is left, compare everything with the clean state.
    """
    plan, history, progress = running.prepared.plan, running.history, running.progress
    project = running.prepared.project_for(scenarios[0].overlays)
    closing = Closing()
    try:
        bring_up_with(running, project, scenarios[0].overlays)
        purpose = Purpose(running.folder.path.name, "run", plan.seed, running.request.results)
        with opened(project, running.engine, history, running.clock, purpose) as lab:
            guard = GuardProcess(guard_arguments(project, running.request))
            stack = UndoStack(running.journal, lab.reach)
            try:
                make_clean(lab, progress, "before the run")
                lab.observer.watch(tuple(project.spec.probes.values()))
                for planned in scenarios:
                    if planned.repeat:
                        renew(lab, planned.targets, progress.step)
                    running.results.append(one_scenario(planned, lab, stack, progress))
                    history.stop.check()
                    pause_on_fail(running)
            finally:
                closing = close(lab, stack, guard)
    except ChaoslabError as error:
        closing = closing.because(error)
    return closing


def bring_up_with(running: Running, project: Project, overlays: Sequence[str]) -> None:
    """Bring the lab up while nobody else uses it, saying with which overlays. Raises what `bring_up_alone` raises."""
    opening = Opening(project, running.engine, running.history, running.clock, running.progress.step)
    bring_up_alone(opening, " with ".join(["bringing the lab up", *([", ".join(overlays)] if overlays else [])]))


def bring_back(running: Running, last: Sequence[PlannedScenario], closing: Closing) -> Closing:
    """Bring the lab up as its own compose files declare it, when its last session had overlays."""
    if not last[0].overlays:
        return closing
    running.progress.step(f"bringing the lab back without {', '.join(last[0].overlays)}")
    try:
        await_free(running.engine, running.prepared.project.spec.project, running.clock)
        bring_up(running.prepared.project, running.engine)
    except ChaoslabError as error:
        return closing.dirty(error)
    return closing


def pause_on_fail(running: Running) -> None:
    """Raise PausedOnFail when that was asked for and the newest verdict is bad."""
    newest = running.results[-1]
    if running.request.pause_on_fail and newest.verdict in ("FAIL", "ERROR"):
        raise PausedOnFail(
            f"not started: {newest.id} ended with {newest.verdict} and PAUSE_ON_FAIL is set",
            remedy="look into it; `chaoslab run` without PAUSE_ON_FAIL runs the rest",
        )


def one_scenario(planned: PlannedScenario, lab: Lab, stack: UndoStack, progress: Progress) -> ScenarioResult:
    """Run one scenario and judge what was recorded, however it ended."""
    history = lab.history
    history.forget_samples()
    history.scenario = planned.key
    first = len(history.events)
    progress.scenario_started(planned)
    try:
        Experiment(planned, lab, stack, progress.phase, ScenarioLoad(planned, lab, progress.live)).run()
    except Interrupted as stopped:
        history.event("interrupted", text=stopped.message)
    except EngineGone as error:
        history.event("error", text=str(error))
        history.fail(error)
    except ScriptError as error:
        history.event("error", text=str(error), bad_input=True)
    except (ChaoslabError, WaitTimeout) as error:
        history.event("error", text=str(error))
    except Exception as error:  # noqa: BLE001 - a defect of ours costs one scenario its verdict, not the run its clean end
        history.event(
            "error", text=f"a defect in chaoslab: {type(error).__name__}: {error}", trace=traceback.format_exc()
        )
    history.scenario = ""  # what arrives from here on belongs to no scenario: `chaoslab judge` sees what is judged now
    result = judge_scenario(planned, lab.spec, history.events[first:], history.all_series())
    progress.scenario_ended(result)
    return result


@dataclass(frozen=True)
class RunTimes:
    """Wall-clock instants of a run, seconds since the Unix epoch."""

    started: float
    ended: float


def finish(
    request: RunRequest, plan: Plan, folder: RunFolder, results: list[ScenarioResult], closing: Closing, times: RunTimes
) -> RunResult:
    """Judge the whole run and write its reports."""
    judged = judge_run(
        results,
        run_id=folder.path.name,
        profile=plan.profile,
        slos=plan.slos,
        seed=plan.seed,
        started=iso(times.started),
        wall_seconds=times.ended - times.started,
        lab_clean=closing.clean is not False,
        interrupted=isinstance(closing.error, Interrupted),
        failed_with=closing.error.exit_code if closing.error else Exit.PASSED,
        observer=closing.observer,
        notes=closing.notes,
        strict=request.strict,
    )
    try:
        write_reports(folder, judged)
    except LabError as error:  # the verdicts are still told on the console
        return judged.model_copy(
            update={"notes": (*judged.notes, str(error)), "exit_code": max_exit(judged.exit_code, Exit.TOOL_ERROR)}
        )
    return judged


def max_exit(one: int, other: int) -> int:
    """Return the exit code that asks for more attention."""
    return min(Exit(one), Exit(other), key=ATTENTION.index)


def guard_arguments(project: Project, request: RunRequest) -> list[str]:
    """Tell the guard which lab it watches over, and where this run's journal is."""
    files = [argument for file in project.compose.files for argument in ("--compose-file", str(file.resolve()))]
    name = ["--project", request.project] if request.project else []
    return [*files, *name, "--results", str(request.results.resolve())]
