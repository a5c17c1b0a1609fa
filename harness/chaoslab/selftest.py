"""The self-test: runs the scenarios on the healthy lab, then on the lab with each known bug, and demands that every bug is caught."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from chaoslab.clock import Clock, folder_stamp
from chaoslab.errors import ChaoslabError, InputError, Interrupted, LabError, Problem, ToolError
from chaoslab.lab.lock import await_free
from chaoslab.lab.session import bring_up, read_project
from chaoslab.model.result import RunResult
from chaoslab.model.selftest import HEALTHY, Bug, FoundBug, SelfTest, SelfTestResult
from chaoslab.parse import parse_suites
from chaoslab.parse.selftest import parse_self_test
from chaoslab.parse.wording import nearest
from chaoslab.prepare import RunRequest
from chaoslab.report.progress import Progress
from chaoslab.report.selftest import FILE, write_self_test
from chaoslab.run import run
from chaoslab.store import RunFolder, StopFlag, read_json
from chaoslab.tools.engine import Engine
from chaoslab.verdict.selftest import complete, exit_code, judge_bug, judge_healthy
from chaoslab.vocabulary import vocabulary

PREFIX = "selftest_"


@dataclass(frozen=True)
class SelfTestRequest:
    """What the user asked for. `request`: suites, compose files, results folder and profile of every run.

    `only`: just these bugs (HEALTHY: the lab without one). `resume`: go on in the newest self-test's folder.
    """

    request: RunRequest
    definition: Path
    only: tuple[str, ...] = ()
    resume: bool = False


def self_test(asked: SelfTestRequest, clock: Clock, stop: StopFlag, progress: Progress) -> SelfTestResult:
    """Run the self-test.

    1. Read the definition: every problem is raised as InputError before anything starts.
    2. Open a folder, or go on in the newest one: what went to its end there is not run again, unless it is named.
    3. Healthy lab first, then each bug: a lab made anew with it, its scenarios run, the table written.
    4. However it ended: the lab is made anew without bugs.
    """
    tester = prepared(asked, clock, stop, progress)
    interrupted = None
    try:
        for name in tester.due():
            stop.check()
            tester.found[name] = tester.one_lab(name)
            write_self_test(tester.folder, tester.table())
    except Interrupted as error:
        interrupted = error
    finally:
        tester.leave_healthy()
    result = tester.table()
    if interrupted is not None:
        result = result.model_copy(update={"exit_code": int(interrupted.exit_code)})
    write_self_test(tester.folder, result)
    return result


def prepared(asked: SelfTestRequest, clock: Clock, stop: StopFlag, progress: Progress) -> "Tester":
    """Read everything and open the folder. Raises InputError, and LabError when there is nothing to go on with."""
    suites = parse_suites(asked.request.files, vocabulary(), asked.request.given)
    test = parse_self_test(asked.definition, {scenario.id for suite in suites for scenario in suite.scenarios})
    order = (HEALTHY, *(bug.name for bug in test.bugs))
    unknown = [name for name in asked.only if name not in order]
    if unknown:
        raise InputError([Problem("--only", "", f'there is no bug "{name}"', nearest(name, order)) for name in unknown])
    if asked.resume:
        folder = newest(asked.request.results)
        found = {bug.name: bug for bug in SelfTestResult.model_validate(read_json(folder.path / FILE)).bugs}
    else:
        folder = RunFolder.create(asked.request.results, PREFIX + folder_stamp(clock.wall()), latest=False)
        found = {}
    kept = {name: bug for name, bug in found.items() if complete(bug) and name not in asked.only}
    todo = tuple(name for name in order if name in (asked.only or order))
    return Tester(asked.request, test, folder, clock, stop, progress, todo, kept)


def newest(results: Path) -> RunFolder:
    """Find the newest self-test's folder. Raises LabError when there is none."""
    folders = sorted(path.parent for path in results.glob(f"{PREFIX}*/{FILE}"))
    if not folders:
        raise LabError(f"{results} holds no self-test to go on with", remedy="leave --resume out")
    return RunFolder(folders[-1])


@dataclass
class Tester:
    """A self-test under way. `todo`: what is to be run, in order; `found`: what is known already, by name."""

    request: RunRequest
    test: SelfTest
    folder: RunFolder
    clock: Clock
    stop: StopFlag
    progress: Progress
    todo: tuple[str, ...]
    found: dict[str, FoundBug]
    changed: bool = False

    def due(self) -> list[str]:
        """Name what is still to be run."""
        return [name for name in self.todo if name not in self.found]

    def one_lab(self, name: str) -> FoundBug:
        """Make the lab anew with one bug (or none), run the scenarios that are named for it, and compare."""
        left = self.due()
        self.progress.step(f"self-test: {name} ({len(self.todo) - len(left) + 1} of {len(self.todo)})")
        bug = next((bug for bug in self.test.bugs if bug.name == name), None)
        with environment(self.environment(bug)):
            self.changed = True
            self.take_down()
            result = self.judged_run(name, (*bug.caught_by, *bug.bystanders) if bug else ())
        where = f"{name}/{result.run_id}"
        return judge_bug(bug, result, where) if bug else judge_healthy(name, result, where)

    def judged_run(self, name: str, scenarios: tuple[str, ...]) -> RunResult:
        """Run these scenarios (none: all), in a folder of their own below the self-test's."""
        selection = replace(self.request.selection, only=scenarios)
        request = replace(self.request, results=self.folder.path / name, selection=selection)
        return run(request, self.clock, self.stop, self.progress)

    def environment(self, bug: Bug | None) -> dict[str, str | None]:
        """Say what the environment must be: this bug's variables, and none of another's."""
        names = {self.test.variable, *(name for one in self.test.bugs for name in one.environment)}
        return {**dict.fromkeys(names), **(self.test.environment(bug) if bug else {})}

    def take_down(self) -> None:
        """Remove the lab with its data: what a bug left in it must not speak for the next. Raises Interrupted."""
        project = read_project(self.request.compose_files, self.request.project)
        await_free(Engine(project.endpoint), project.spec.project, self.clock)
        try:
            project.compose.down(volumes=True)
        except ToolError:
            self.stop.check()  # Ctrl-C ends compose as well
            raise

    def leave_healthy(self) -> None:
        """Make the lab anew without bugs, unless it was never touched; says why when that fails."""
        if not self.changed:
            return
        self.progress.step("self-test: making the lab anew without bugs")
        try:
            with environment(self.environment(None)):
                self.take_down()
                project = read_project(self.request.compose_files, self.request.project)
                bring_up(project, Engine(project.endpoint))
        except ChaoslabError as error:
            self.progress.step(f"the lab could not be made anew: {error}")

    def table(self) -> SelfTestResult:
        """Put together what is known so far, in the definition's order."""
        order = (HEALTHY, *(bug.name for bug in self.test.bugs))
        bugs = tuple(self.found[name] for name in order if name in self.found)
        missing = tuple(name for name in self.todo if name not in self.found)
        return SelfTestResult(
            test_id=self.folder.path.name, exit_code=int(exit_code(bugs, missing)), bugs=bugs, missing=missing
        )


@contextmanager
def environment(values: Mapping[str, str | None]) -> Iterator[None]:
    """Set (None: unset) environment variables, which compose fills its files with, and put them back."""
    before = {name: os.environ.get(name) for name in values}
    try:
        _set(values)
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
