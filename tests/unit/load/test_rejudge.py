"""A stored run of load is judged again to the same verdict, offline."""

import json
from pathlib import Path

import pytest

from chaoslab.clock import SystemClock
from chaoslab.errors import LabError
from chaoslab.load.keep import Keep
from chaoslab.load.rejudge import again, tape
from chaoslab.model.load import SHED, LoadBatch, LoadRow
from chaoslab.model.load_plan import PlannedPattern
from chaoslab.store import History, RunFolder, StopFlag
from chaoslab.tools.k6 import K6Ended
from chaoslab.verdict.load import Ended, Recording, Tape, judge_pattern
from unit.load.made import START_NS, TASK, pattern

END = Ended("2026-01-01T00:00:00.000Z", 5.0, 0, restarts={"queen[1]": 1})


@pytest.fixture
def planned(tmp_path: Path) -> PlannedPattern:
    """A pattern whose script is there."""
    (tmp_path / "made.js").write_text("// a script")
    made = pattern([("steady", None)], [{"measure": "restarts", "max": 0}, {"measure": "p95_ms", "max": 60}])
    return PlannedPattern(
        **{name: getattr(made, name) for name in made.__slots__ if name != "script"}, script=tmp_path / "made.js"
    )


def stored(folder: Path, planned: PlannedPattern) -> Tape:
    """Keep batches of every kind of outcome, as a run does; returns the tape of the run itself."""
    history = History(RunFolder(folder), SystemClock(), StopFlag())
    keep, own = Keep(history, planned), Tape()
    for number in range(20):
        sent_ns = START_NS + number * 100_000_000
        outcomes: list[int | str] = [200, SHED, 503, "timeout"]
        rows = tuple(LoadRow(TASK, sent_ns + 1000 * n, 50_000, outcome) for n, outcome in enumerate(outcomes))
        batch = LoadBatch(sent_ns + 200_000_000, 5 + number, rows)
        keep.add(batch)
        own.add(batch)
    keep.ended(K6Ended(0, {"metrics": {}}, "said\n"))
    keep.judged(END)
    keep.close()
    history.close()
    return own


def test_the_same_verdict_comes_of_what_is_stored(tmp_path: Path, planned: PlannedPattern) -> None:
    """Plan, end and requests are enough for every number of the result; passwords are not stored."""
    own = stored(tmp_path, planned)
    folder = tmp_path / "load" / "made"
    assert sorted(one.name for one in folder.iterdir()) == [
        *("end.json", "k6.log", "made.js", "plan.json", "requests.jsonl", "summary.json"),
    ]
    assert again(folder) == judge_pattern(planned, Recording(own), END)
    assert again(folder).verdict == "FAIL"
    assert "hush" not in (folder / "plan.json").read_text()


def test_every_outcome_survives(tmp_path: Path, planned: PlannedPattern) -> None:
    """A 503 that was no shed one stays an error."""
    stored(tmp_path, planned)
    answers = Recording(tape(tmp_path / "load" / "made" / "requests.jsonl")).answers()
    assert answers.outcomes == {"200": 20, SHED: 20, "503": 20, "timeout": 20}


@pytest.mark.parametrize("broken", ["plan.json", "end.json", "requests.jsonl"])
def test_what_cannot_be_read_is_named(tmp_path: Path, planned: PlannedPattern, broken: str) -> None:
    """A missing or foreign part is told with the folder."""
    stored(tmp_path, planned)
    folder = tmp_path / "load" / "made"
    (folder / broken).unlink()
    with pytest.raises(LabError, match="not a readable part of a run"):
        again(folder)
    (folder / "plan.json").write_text(json.dumps({"name": "x"}))
    with pytest.raises(LabError, match="not a readable part of a run"):
        again(folder)
