"""The run folder and the history."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaoslab.clock import SystemClock
from chaoslab.errors import Interrupted, LabError
from chaoslab.model.history import Sample
from chaoslab.store import (
    EVENTS,
    History,
    RunFolder,
    StopFlag,
    WaitTimeout,
    read_events,
    read_samples,
)


def sample(probe: str = "web", *, good: bool = True) -> Sample:
    """Make a sample."""
    return Sample(probe, 1, 10, 11, 12, good, "200" if good else "refused", None)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Give a fresh run folder."""
    return RunFolder.create(tmp_path / "results", "20260101_120000")


@pytest.fixture
def history(folder: RunFolder) -> Iterator[History]:
    """Give a history that is closed at the end."""
    made = History(folder, SystemClock(), StopFlag())
    yield made
    made.close()


def test_latest_points_at_the_newest_run(tmp_path: Path) -> None:
    """results/latest is a relative link to the newest folder, and two runs in one second get two folders."""
    first = RunFolder.create(tmp_path, "20260101_120000")
    second = RunFolder.create(tmp_path, "20260101_120000")
    assert first.path != second.path
    assert (tmp_path / "latest").readlink() == Path(second.path.name)


def test_a_results_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    """A file in the place of the results folder is one clear error with a remedy, no traceback."""
    (tmp_path / "results").write_text("")
    with pytest.raises(LabError, match="cannot be written") as caught:
        RunFolder.create(tmp_path / "results", "x")
    assert "--results" in caught.value.remedy


def test_what_was_recorded_is_read_back_as_it_was(folder: RunFolder) -> None:
    """Events and samples survive the way through their files unchanged."""
    history = History(folder, SystemClock(), StopFlag())
    history.scenario = "NF-001"
    event = history.event("injected", 5, error_ns=2, fault="NF-001.1")
    history.samples_in([sample(), sample(good=False)])
    history.close()
    assert read_events(folder.path) == [event]
    assert read_samples(folder.path) == {"NF-001": {"web": [sample(), sample(good=False)]}}


def test_a_wait_returns_as_soon_as_another_thread_brings_what_it_waits_for(history: History) -> None:
    """wait() looks again on every append."""
    threading.Timer(0.02, lambda: history.event("settled")).start()
    assert history.wait(lambda: history.events[0] if history.events else None, 5, "an event").kind == "settled"


def test_a_wait_says_what_was_awaited(history: History) -> None:
    """At its deadline a wait names what did not happen."""
    with pytest.raises(WaitTimeout, match=r"the sun did not happen within 0\.01 s"):
        history.wait(lambda: None, 0.01, "the sun")


def test_the_stop_flag_ends_every_wait_but_those_that_undo(history: History) -> None:
    """Interrupted is raised by waits, and not by waits that do not heed the flag."""
    history.stop.set("SIGINT")
    history.stop.set("SIGTERM")
    with pytest.raises(Interrupted, match="SIGINT"):
        history.pause(1)
    with pytest.raises(Interrupted):
        history.wait(lambda: True, 1, "anything")
    assert history.wait(lambda: True, 1, "anything", heed_stop=False) is True


def test_a_history_that_cannot_be_written_is_told_by_the_next_wait_not_by_the_append(history: History) -> None:
    """A full disk does not raise inside threads or undos; the next wait raises it with a remedy."""
    history.close()
    history.event("note", text="the file is closed")
    with pytest.raises(LabError, match="history cannot be written"):
        history.pause(1)


def test_a_missing_run_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """Reading a folder that holds no run names the file and what to do."""
    with pytest.raises(LabError, match=EVENTS):
        read_events(tmp_path)
