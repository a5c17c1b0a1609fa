"""The order of a self-test: healthy lab, then each bug by itself, resumed where it stopped, the lab left healthy."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chaoslab import selftest
from chaoslab.clock import SystemClock
from chaoslab.errors import Exit, InputError, LabError
from chaoslab.model.result import RunResult
from chaoslab.model.selftest import SelfTestResult
from chaoslab.prepare import RunRequest
from chaoslab.report.progress import Silence
from chaoslab.selftest import SelfTestRequest, environment, self_test
from chaoslab.store import RunFolder, StopFlag
from unit.report.results import run as result_of
from unit.report.results import scenario

IDS = tuple(f"S-{number}" for number in range(1, 7))
BUGS = [{"name": name, "caught_by": [IDS[0]], "bystanders": IDS[1:]} for name in ("no-retry", "two-leaders")]


@dataclass
class Stage:
    """Stands for labs and runs: remembers what was done, and which bug was on at the time."""

    folder: Path
    done: list[str] = field(default_factory=list)
    stop: StopFlag = field(default_factory=StopFlag)
    during: Callable[[], None] = lambda: None

    def run(self, request: RunRequest, *_rest: Any) -> RunResult:
        """Run: the first scenario fails whenever a bug is on."""
        bug = os.environ.get("LAB_BUGS", "")
        ids = request.selection.only or IDS
        self.done.append(f"run {len(ids)} with {bug or 'none'}")
        self.during()
        results = [scenario("FAIL" if bug and id_ == IDS[0] else "PASS", id_) for id_ in ids]
        return result_of(*results, interrupted=bool(self.stop.reason))

    def take_down(self) -> None:
        """Take the lab down."""
        self.done.append("down")

    def test(self, *only: str, resume: bool = False) -> SelfTestResult:
        """Run a self-test."""
        request = RunRequest((self.folder / "suite.json",), (), self.folder / "results")
        asked = SelfTestRequest(request, self.folder / "selftest.json", only, resume)
        return self_test(asked, SystemClock(), self.stop, Silence())


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Give a definition of two bugs, and a stage in place of the lab."""
    fault = {"type": "toxic", "toxic": "latency", "attributes": {"latency": 5}}
    scenarios = [{"id": id_, "name": id_, "faults": [fault]} for id_ in IDS]
    (tmp_path / "suite.json").write_text(json.dumps({"name": "s", "scenarios": scenarios}))
    (tmp_path / "selftest.json").write_text(json.dumps({"bugs": BUGS}))
    made = Stage(tmp_path)
    monkeypatch.delenv("LAB_BUGS", raising=False)
    monkeypatch.setattr(selftest, "run", made.run)
    monkeypatch.setattr(selftest.Tester, "take_down", made.take_down)
    monkeypatch.setattr(selftest, "read_project", lambda *_: type("Made", (), {"endpoint": None}))
    monkeypatch.setattr(selftest, "Engine", lambda _endpoint: None)
    monkeypatch.setattr(selftest, "bring_up", lambda *_: made.done.append(f"up with {os.environ.get('LAB_BUGS')}"))
    return made


def test_latest_stays_at_the_newest_run(stage: Stage) -> None:
    """A self-test is no run: `chaoslab judge` goes on finding the run before it, and nothing where there was none."""
    results = stage.folder / "results"
    stage.test("no-retry")
    assert not (results / "latest").exists()
    newest_run = RunFolder.create(results, "20260101_120000").path
    stage.test("no-retry")
    assert (results / "latest").resolve() == newest_run.resolve()


def test_healthy_first_then_each_bug_then_healthy_again(stage: Stage) -> None:
    """Every lab is made anew, the healthy one runs everything, a bug's lab only what is named for it."""
    found = stage.test()
    bugs = [step for name in ("none", "no-retry", "two-leaders") for step in ("down", f"run 6 with {name}")]
    assert stage.done == [*bugs, "down", "up with None"]
    assert found.exit_code == Exit.PASSED
    assert [bug.name for bug in found.bugs] == ["healthy", "no-retry", "two-leaders"]
    assert (stage.folder / "results" / found.test_id / "selftest.md").exists()


def test_a_bug_in_the_users_environment_does_not_make_the_lab_unhealthy(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LAB_BUGS of the caller is put aside, and put back."""
    monkeypatch.setenv("LAB_BUGS", "mine")
    assert stage.test("healthy").exit_code == Exit.PASSED
    assert stage.done == ["down", "run 6 with none", "down", "up with None"]
    assert os.environ["LAB_BUGS"] == "mine"


def test_only_some_bugs(stage: Stage) -> None:
    """--only runs just these; what is not asked for is not missing."""
    found = stage.test("two-leaders")
    assert [bug.name for bug in found.bugs] == ["two-leaders"]
    assert (found.missing, found.exit_code) == ((), Exit.PASSED)


def test_resume_runs_what_is_left(stage: Stage) -> None:
    """An interrupted self-test keeps what went to its end; resumed, it runs the rest in the same folder."""

    def interrupt() -> None:
        if os.environ.get("LAB_BUGS") == "no-retry":
            stage.stop.set("SIGINT")

    stage.during = interrupt
    first = stage.test()
    assert first.exit_code == Exit.INTERRUPTED
    assert first.missing == ("two-leaders",)
    assert stage.done[-2:] == ["down", "up with None"]
    stage.stop, stage.done, stage.during = StopFlag(), [], lambda: None
    second = stage.test(resume=True)
    assert second.test_id == first.test_id
    assert [step for step in stage.done if step.startswith("run")] == ["run 6 with no-retry", "run 6 with two-leaders"]
    assert second.exit_code == Exit.PASSED


def test_resume_with_only_runs_it_again(stage: Stage) -> None:
    """A bug that is named is run again, and the others keep their rows."""
    stage.test()
    stage.done = []
    found = stage.test("no-retry", resume=True)
    assert [step for step in stage.done if step.startswith("run")] == ["run 6 with no-retry"]
    assert len(found.bugs) == 3


def test_nothing_to_do_touches_nothing(stage: Stage) -> None:
    """A complete self-test that is resumed leaves the lab alone."""
    stage.test()
    stage.done = []
    assert stage.test(resume=True).exit_code == Exit.PASSED
    assert stage.done == []


def test_wrong_requests(stage: Stage) -> None:
    """An unknown bug is bad input with the nearest name, nothing to resume an error; nothing is started."""
    with pytest.raises(InputError, match='did you mean "no-retry"'):
        stage.test("no-retri")
    with pytest.raises(LabError, match="no self-test to go on with"):
        stage.test(resume=True)
    assert stage.done == []


def fail_inside() -> None:
    """Fail while the environment is another."""
    with environment({"A_SET": None, "B_UNSET": "2"}):
        assert ("A_SET" in os.environ, os.environ["B_UNSET"]) == (False, "2")
        raise KeyError


def test_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables are set and unset inside, and as before outside, also after an error."""
    monkeypatch.setenv("A_SET", "1")
    monkeypatch.delenv("B_UNSET", raising=False)
    with pytest.raises(KeyError):
        fail_inside()
    assert (os.environ["A_SET"], "B_UNSET" in os.environ) == ("1", False)
