"""The spine: one run from files to verdict. Read `run` to know the program."""

import os
import random
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chaoslab import __version__
from chaoslab.clock import Clock, folder_stamp, iso
from chaoslab.errors import ATTENTION, ChaoslabError, EngineGone, Exit, Interrupted, LabDirty, LabError
from chaoslab.experiment import Experiment
from chaoslab.lab import preflight
from chaoslab.lab.lab import Lab
from chaoslab.lab.reconcile import reconcile
from chaoslab.lab.session import Project, Purpose, bring_up, opened, read_project
from chaoslab.model.plan import Plan, PlannedScenario, Profile
from chaoslab.model.result import RunResult, ScenarioResult
from chaoslab.model.suite import Suite
from chaoslab.parse import parse_suites
from chaoslab.plan import Selection, make_plan
from chaoslab.report import write_reports
from chaoslab.report.progress import Progress
from chaoslab.store import MANIFEST, History, Journal, RunFolder, StopFlag, WaitTimeout
from chaoslab.tools.checkout import revision
from chaoslab.tools.engine import Engine
from chaoslab.tools.guard_process import GuardProcess
from chaoslab.undo import UndoStack
from chaoslab.verdict.judge import judge_run, judge_scenario, not_run
from chaoslab.vocabulary import vocabulary

STARVED_SHARE = 0.05
"""With more late requests than this the observer was starved, and the run says so."""


@dataclass(frozen=True)
class RunRequest:
    """What the user asked for. `files`: suites or folders of them; `compose_files`: the project's, in order."""

    files: tuple[Path, ...]
    compose_files: tuple[Path, ...]
    results: Path
    project: str | None = None
    profile: Profile = "quick"
    seed: int | None = None
    selection: Selection = field(default_factory=Selection)
    strict: bool = False
    defaults_only: bool = False


def run(request: RunRequest, clock: Clock, stop: StopFlag, progress: Progress) -> RunResult:
    """Run suites against the lab and judge them.

    1. Parse and plan: every problem is raised as InputError before anything starts.
    2. Check engine, disk and memory; open the run folder, manifest first.
    3. Bring the lab up and take its lock; a guard process watches over this one from here on.
    4. Put right what an earlier run left.
    5. Per scenario: experiment, then judge from what was recorded.
    6. On any exit: undo what is left, compare everything with the clean state.
    7. Judge the run and write the reports.
    """
    suites, project, plan = prepare(request)
    engine = Engine(project.endpoint)
    preflight.check(request.results, engine)
    started = clock.wall()
    folder = RunFolder.create(request.results, folder_stamp(started))
    progress.run_started(plan, folder.path)
    folder.write_json(MANIFEST, manifest(request, suites, project, plan, engine) | {"started": iso(started)})
    history = History(folder, clock, stop)
    journal = Journal(folder)
    results: list[ScenarioResult] = []
    closing = Closing()
    try:
        progress.step("bringing the lab up")
        bring_up(project, engine)
        purpose = Purpose(folder.path.name, "run", plan.seed)
        with opened(project, engine, history, clock, purpose) as lab:
            guard = GuardProcess(guard_arguments(request))
            stack = UndoStack(journal, lab.reach)
            try:
                make_clean(lab, progress, "before the run")
                lab.observer.watch(tuple(project.spec.probes.values()))
                for planned in plan.scenarios:
                    results.append(one_scenario(planned, lab, stack, progress))
                    stop.check()
            finally:
                closing = close(lab, stack, guard)
    except ChaoslabError as error:
        closing = closing.because(error)
    finally:
        history.close()
        journal.close()
    results += [not_run(planned) for planned in plan.scenarios[len(results) :]]
    return finish(request, plan, folder, results, closing, RunTimes(started, clock.wall()))


def prepare(request: RunRequest) -> tuple[tuple[Suite, ...], Project, Plan]:
    """Read every file and make the plan. Raises InputError with every problem; starts nothing."""
    suites = parse_suites(request.files, vocabulary())
    if request.defaults_only:
        suites = tuple(suite for suite in suites if suite.default)
    project = read_project(request.compose_files, request.project)
    seed = random.SystemRandom().randrange(2**31) if request.seed is None else request.seed
    return suites, project, make_plan(suites, project.spec, request.profile, seed, request.selection)


def manifest(
    request: RunRequest, suites: Sequence[Suite], project: Project, plan: Plan, engine: Engine
) -> dict[str, Any]:
    """Everything needed to understand and to judge the run again: inputs, versions, revision, seed, host."""
    version, info = engine.version(), engine.info()
    return {
        "schema_version": 1,
        "chaoslab": __version__,
        "profile": plan.profile,
        "seed": plan.seed,
        "strict": request.strict,
        "engine": {
            "endpoint": project.endpoint.source,
            "version": version.get("Version"),
            "kernel": info.get("KernelVersion"),
            "cgroup": info.get("CgroupVersion"),
            "cpus": info.get("NCPU"),
            "memory_bytes": info.get("MemTotal"),
            "system": info.get("OperatingSystem"),
        },
        "checkout": revision(request.compose_files[0].resolve().parent),
        "lab_bugs": os.environ.get("LAB_BUGS", ""),
        "scenarios": [planned.key for planned in plan.scenarios],
        "suites": [{**suite.model_dump(mode="json"), "file": suite.file} for suite in suites],
        "lab": project.spec.model_dump(mode="json"),
    }


def one_scenario(planned: PlannedScenario, lab: Lab, stack: UndoStack, progress: Progress) -> ScenarioResult:
    """Run one scenario and judge what was recorded, however it ended."""
    history = lab.history
    history.forget_samples()
    history.scenario = planned.key
    first = len(history.events)
    progress.scenario_started(planned)
    try:
        Experiment(planned, lab, stack, progress.phase).run()
    except Interrupted as stopped:
        history.event("interrupted", text=stopped.message)
    except EngineGone as error:
        history.event("error", text=str(error))
        history.fail(error)
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


def make_clean(lab: Lab, progress: Progress, when: str) -> None:
    """Mend every difference from the clean state, saying each. Raises LabDirty when some are left."""
    mended = reconcile(lab, lambda text: progress.step(f"{when}: {text}"))
    if mended.left:
        what = "; ".join(f"{difference.where}: {difference.what}" for difference in mended.left)
        raise LabDirty(
            f"the lab is not clean and could not be put right: {what}",
            remedy="`chaoslab status` shows it; `make down && make up` starts afresh",
        )


@dataclass(frozen=True)
class Closing:
    """How a run ended: whether the lab is clean (None: it was never touched), what went wrong, what is to be said."""

    clean: bool | None = None
    error: ChaoslabError | None = None
    notes: tuple[str, ...] = ()
    observer: dict[str, float] = field(default_factory=dict)

    def because(self, error: ChaoslabError) -> "Closing":
        """Add what ended the run."""
        return replace(self, error=error, notes=(*self.notes, str(error)))


def close(lab: Lab, stack: UndoStack, guard: GuardProcess) -> Closing:
    """Undo what is left and compare everything with the clean state; the guard goes only when nothing is left to do."""
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
    if clean:
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


def guard_arguments(request: RunRequest) -> list[str]:
    """Tell the guard which lab it watches over."""
    files = [argument for file in request.compose_files for argument in ("--compose-file", str(file.resolve()))]
    return files + (["--project", request.project] if request.project else [])
