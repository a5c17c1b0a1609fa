"""k6 beside a scenario: what it is told, what becomes of its requests, and how its end is taken. k6 itself is made."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chaoslab.errors import ChaoslabError, NotProvable, ScriptError, ToolError
from chaoslab.lab import load as room
from chaoslab.lab.lab import Lab
from chaoslab.lab.load import ScenarioLoad
from chaoslab.model.lab import LoadSettings
from chaoslab.model.load import SHED, LoadBatch, LoadRow
from chaoslab.model.suite import Load
from chaoslab.store import History, RunFolder, StopFlag
from chaoslab.tools.k6 import K6Ended, K6Job
from unit.lab.test_evidence import Waiting
from unit.verdict.made import MS, lab, planned

BLOCK = Load(script="some.js", vus=20, env={"RATE": 5, "BASE_URL": "http://mine:1"})


def ended(code: int = 0, log: str = "", error: ChaoslabError | None = None) -> K6Ended:
    """Make an end of k6."""
    return K6Ended(exit_code=code, summary={"metrics": {}}, log=log, error=error)


@dataclass
class MadeK6:
    """Stands for k6: hands batches over when told, ends when told."""

    job: K6Job | None = None
    hand_over: Callable[[LoadBatch], None] | None = None
    first: tuple[LoadRow, ...] = ()
    over: K6Ended | None = None
    fails: ChaoslabError | None = None
    did: list[str] = field(default_factory=list)

    def start(
        self, _engine: object, job: K6Job, hand_over: Callable[[LoadBatch], None], log: Callable[[str], None]
    ) -> "MadeK6":
        """Start, say something, and bring the first requests at once."""
        self.job, self.hand_over = job, hand_over
        log("running")
        self.bring(*self.first)
        return self

    def bring(self, *rows: LoadRow) -> None:
        """Hand over requests."""
        assert self.hand_over is not None
        self.hand_over(LoadBatch(0, 7, rows))

    def ended(self) -> K6Ended | None:
        """Tell whether it has ended."""
        return self.over

    def stop(self) -> None:
        """Stop."""
        self.did.append("stop")

    def wait(self, _seconds: float) -> K6Ended:
        """End."""
        if self.fails:
            raise self.fails
        return ended(105, "stopped")

    def close(self) -> None:
        """Go."""
        self.did.append("close")


def row(outcome: int | str = 200, at: float = 0, length: float = 10, name: str = "POST /v2/tasks") -> LoadRow:
    """Make a request; times in ms."""
    return LoadRow(name, round(at * MS), round(length * 1000), outcome)


class Slowly(Waiting):
    """In steps that tell requests of the last second apart."""

    step_ns = 100 * MS


@dataclass
class Doors:
    """A scenario's load on a lab that is not there."""

    folder: Path
    k6: MadeK6 = field(default_factory=MadeK6)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "some.js").write_text("export default () => {}")
        self.history = History(RunFolder(self.folder / "run"), Slowly(), StopFlag())
        spec = lab().model_copy(
            update={
                "networks": ("net",),
                "load": LoadSettings(environment={"BASE_URL": "http://lab:1", "QUEEN_URL": "q"}),
            }
        )
        self.lab = cast("Lab", SimpleNamespace(spec=spec, history=self.history, engine=None, run_id="r"))

    def load(self, block: Load | None = BLOCK) -> ScenarioLoad:
        """Give a scenario's load."""
        scenario = planned(load=block)
        with_file = scenario.__class__(**{**_fields(scenario), "file": str(self.folder / "suite.json")})
        return ScenarioLoad(with_file, self.lab, self.told.append)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """List the events of a kind."""
        return [event.data for event in self.history.events if event.kind == kind]


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


@pytest.fixture
def doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    """Give the doors."""
    (tmp_path / "run").mkdir()
    made = Doors(tmp_path)
    monkeypatch.setattr(room, "K6", made.k6)
    yield made
    made.history.close()


def test_without_load_nothing_is_started(doors: Doors) -> None:
    """A scenario without the block costs nothing."""
    load = doors.load(None)
    assert load.start() == 0.0
    load.check()
    load.stop()
    assert (doors.k6.job, doors.history.events) == (None, [])


def test_what_k6_is_told(doors: Doors) -> None:
    """So many users until after the scenario's worst case, no thresholds, the scenario's variables before the lab's."""
    doors.k6.first = (row(),)
    assert doors.load().start() > 0
    job = doors.k6.job
    assert job is not None
    assert job.environment == {"BASE_URL": "http://mine:1", "QUEEN_URL": "q", "RATE": "5"}
    assert job.arguments == ("--no-thresholds", "--vus", "20", "--duration", "90s")
    assert (job.project, job.network, job.labels) == ("lab", "net", {"chaoslab.run": "r"})
    assert doors.events("load_started") == [{"script": "some.js", "vus": 20}]
    assert (doors.folder / "run" / "load" / "S-1" / "some.js").exists()


def test_a_script_keeps_its_own_shape_without_vus(doors: Doors) -> None:
    """Nothing is put over it."""
    doors.k6.first = (row(),)
    doors.load(Load(script="some.js")).start()
    assert doors.k6.job is not None
    assert doors.k6.job.arguments == ("--no-thresholds",)


def test_requests_become_samples_in_order_of_their_ends(doors: Doors) -> None:
    """A status of 200 to 399 is good; shed and failed ones are bad under their outcome; the name is the detail."""
    doors.k6.first = (row(at=50, length=100), row(503, at=1), row(SHED, at=2), row("timeout", at=3), row(302, at=4))
    doors.load().start()
    found = [(sample.outcome, sample.good) for sample in doors.history.series("load")]
    assert found == [("503", False), ("shed", False), ("timeout", False), ("302", True), ("200", True)]
    newest = doors.history.series("load")[-1]
    assert (newest.sent_ns, newest.finished_ns, newest.detail) == (50 * MS, 150 * MS, "POST /v2/tasks")


def test_what_ends_after_the_stop_counts_nowhere(doors: Doors) -> None:
    """k6 cuts off what is under way: that is no error of the system."""
    doors.k6.first = (row(),)
    load = doors.load()
    load.start()
    load.stop()
    assert load.ended_ns is not None
    late = load.ended_ns / MS
    doors.k6.bring(row("error", at=late - 5, length=10), row(at=late - 20, length=10))
    assert [sample.outcome for sample in doors.history.series("load")] == ["200", "200"]
    assert doors.k6.did == ["stop", "close"]
    assert doors.events("load_ended") == [{"exit_code": 105, "requests": 1}]
    assert (doors.folder / "run" / "load" / "S-1" / "k6.log").read_text() == "stopped"


def test_a_load_that_is_never_served_proves_nothing(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came back instead is told; the baseline does not begin."""
    doors.k6.first = (row(404), row(404), row("refused"))
    monkeypatch.setattr(room, "LOAD_START_SECONDS", 2.0)
    with pytest.raises(NotProvable, match=r"no request of some\.js was served within 2 s: 2 x 404, 1 x refused"):
        doors.load().start()


def test_a_script_that_asks_nothing_has_an_error(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """What k6 said last may tell why."""
    monkeypatch.setattr(room, "LOAD_START_SECONDS", 2.0)
    with pytest.raises(ScriptError, match="sent no request within 2 s; k6 last said: running"):
        doors.load().start()


@pytest.mark.parametrize(("code", "error"), [(107, ScriptError), (137, ToolError)])
def test_a_k6_that_ends_with_an_error_ends_the_scenario(doors: Doors, code: int, error: type[ChaoslabError]) -> None:
    """A script's error is told from k6's; its log is kept and the container is gone."""
    doors.k6.first = (row(),)
    load = doors.load()
    load.start()
    doors.k6.over = ended(code, "TypeError: x is not a function", error("TypeError: x"))
    with pytest.raises(error, match="TypeError"):
        load.check()
    load.stop()
    assert doors.k6.did == ["close"]
    assert "TypeError" in (doors.folder / "run" / "load" / "S-1" / "k6.log").read_text()


def test_a_shape_that_is_over_is_noted(doors: Doors) -> None:
    """A load that ended of its own accord is no error."""
    doors.k6.first = (row(),)
    load = doors.load()
    load.start()
    doors.k6.over = ended(0)
    load.check()
    load.check()
    assert ["own shape was over" in note["text"] for note in doors.events("note")] == [True]


def test_an_end_that_fails_is_noted(doors: Doors) -> None:
    """The scenario's end goes on whatever k6 does, and its container is let go of."""
    doors.k6.first = (row(),)
    doors.k6.fails = ToolError("k6 is stuck")
    load = doors.load()
    load.start()
    load.stop()
    assert "k6 is stuck" in doors.events("note")[0]["text"]
    assert doors.k6.did == ["stop", "close"]


def test_numbers_of_the_last_second_are_told(doors: Doors) -> None:
    """Users, requests, errors and p95, and nothing once it is over."""
    doors.k6.first = (row(),)
    load = doors.load()
    load.start()
    now = doors.history.now_ns() / MS
    doors.k6.bring(row(at=now - 900), row(at=now - 800, length=20), row("refused", at=now - 700), row(at=now - 5000))
    load.told_ns = 0
    load.check()
    assert doors.told[-1] == "load: 7 users, 3 requests/s, 33% errors, p95 20 ms"
    load.stop()
    assert doors.told[-1] == ""
