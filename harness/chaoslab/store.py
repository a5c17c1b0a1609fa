"""The run folder and the one append-only history in it (events, samples). Nothing is ever rewritten."""

import json
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, TypeVar

from chaoslab.clock import NS_PER_SECOND, Clock, Tie, iso
from chaoslab.errors import Interrupted, LabError
from chaoslab.model.history import Event, Sample

T = TypeVar("T")
MANIFEST, EVENTS, SAMPLES, RESULT = "manifest.json", "events.jsonl", "samples.jsonl", "result.json"


class WaitTimeout(TimeoutError):
    """A wait reached its deadline; the message says what was awaited."""


class StopFlag:
    """Set once by a signal; every wait looks at it."""

    def __init__(self) -> None:
        self._reason = ""

    @property
    def reason(self) -> str:
        """Why the harness was asked to stop, empty while it was not."""
        return self._reason

    def set(self, reason: str) -> None:
        """Ask for the end; the first reason stays."""
        self._reason = self._reason or reason

    def check(self) -> None:
        """Raise Interrupted when the end was asked for."""
        if self._reason:
            raise Interrupted(f"interrupted by {self._reason}")


class RunFolder:
    """One folder per run. Raises LabError when it cannot be written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, results: Path, stamp: str, *, latest: bool = True) -> "RunFolder":
        """Make `results/<stamp>` (with a suffix when it exists) and, when it is a run's, point `results/latest` at it."""
        try:
            results.mkdir(parents=True, exist_ok=True)
            path = results / stamp
            for attempt in range(2, 100):
                try:
                    path.mkdir()
                    break
                except FileExistsError:
                    path = results / f"{stamp}_{attempt}"
            if latest:
                link = results / f".latest-{os.getpid()}"
                link.unlink(missing_ok=True)
                link.symlink_to(path.name)
                link.replace(results / "latest")
        except OSError as error:
            raise LabError(
                f"the results folder {results} cannot be written: {error.strerror}",
                remedy="free disk space, or choose another with --results",
            ) from error
        return cls(path)

    def write(self, name: str, text: str) -> Path:
        """Write a whole file of this run, atomically; `name` may lie in a folder below."""
        target = self.path / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.part")
            part.write_text(text, encoding="utf-8")
            part.replace(target)
        except OSError as error:
            raise LabError(
                f"{target} cannot be written: {error.strerror}",
                remedy="free disk space, or choose another folder with --results",
            ) from error
        return target

    def write_json(self, name: str, value: Any) -> Path:
        """Write a value as indented JSON."""
        return self.write(name, json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")

    def appender(self, name: str) -> IO[str]:
        """Open one of this run's append-only files."""
        try:
            return (self.path / name).open("a", encoding="utf-8")
        except OSError as error:
            raise LabError(
                f"{self.path / name} cannot be written: {error.strerror}",
                remedy="free disk space, or choose another folder with --results",
            ) from error


class History:
    """Where the plan's thread, the observer's reader and the engine's events meet. Safe to use from all of them.

    A file that cannot be written any more (disk full) does not stop the fault from being undone: it is remembered in
    `failure`, and the next wait raises it. Without a folder (status, recover) nothing is written.
    """

    def __init__(self, folder: RunFolder | None, clock: Clock, stop: StopFlag) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self.scenario = ""
        self.stop = stop
        self.tie = Tie(0, 0)
        self.failure: Exception | None = None
        self._clock = clock
        self._series: dict[str, list[Sample]] = {}
        self._changed = threading.Condition()
        self._event_file = folder.appender(EVENTS) if folder else None
        self._sample_file = folder.appender(SAMPLES) if folder else None

    def now_ns(self) -> int:
        """Lab time now, by the latest tie between the harness's clock and the observer's."""
        return self.tie.to_lab_ns(self._clock.now_ns())

    def wall_iso(self) -> str:
        """The wall clock now, for people."""
        return iso(self._clock.wall())

    def event(self, kind: str, at_ns: int | None = None, scenario: str = "", error_ns: int = 0, **data: Any) -> Event:
        """Append one event, at lab time now unless an instant is given."""
        event = Event(self.now_ns() if at_ns is None else at_ns, kind, scenario or self.scenario, data, error_ns)
        line = json.dumps(asdict(event), ensure_ascii=False, default=str) + "\n"
        with self._changed:
            self.events.append(event)
            self._write(self._event_file, line, flush=True)
            self._changed.notify_all()
        return event

    def samples_in(self, samples: Iterable[Sample]) -> None:
        """Append a batch of samples."""
        batch = list(samples)
        text = "".join(
            json.dumps([*sample, self.scenario], separators=(",", ":"), ensure_ascii=False) + "\n" for sample in batch
        )
        with self._changed:
            for sample in batch:
                self._series.setdefault(sample.probe, []).append(sample)
            self._write(self._sample_file, text, flush=False)
            self._changed.notify_all()

    def series(self, probe: str) -> list[Sample]:
        """Return the growing list of one probe's samples, in order of arrival."""
        with self._changed:
            return self._series.setdefault(probe, [])

    def all_series(self) -> dict[str, list[Sample]]:
        """Return every probe's growing list."""
        with self._changed:
            return dict(self._series)

    def forget_samples(self) -> None:
        """Start fresh lists (a new scenario); what was appended stays in the file."""
        with self._changed:
            self._series = {}

    def wait(
        self, condition: Callable[[], T | None], timeout_seconds: float, what: str, *, heed_stop: bool = True
    ) -> T:
        """Return the first value that is not None. Raises WaitTimeout, Interrupted, or what broke the history.

        Undoing does not heed the last two (`heed_stop` False).
        """
        deadline = self._clock.now_ns() + int(timeout_seconds * NS_PER_SECOND)
        while True:
            if heed_stop:
                self.check()
            if (found := condition()) is not None:
                return found
            left = (deadline - self._clock.now_ns()) / NS_PER_SECOND
            if left <= 0:
                raise WaitTimeout(f"{what} did not happen within {timeout_seconds:g} s")
            with self._changed:
                self._changed.wait(min(left, 0.05))

    def pause(self, seconds: float) -> None:
        """Wait that long unless asked to stop."""
        deadline = self._clock.now_ns() + int(seconds * NS_PER_SECOND)
        while (left := (deadline - self._clock.now_ns()) / NS_PER_SECOND) > 0:
            self.check()
            self._clock.sleep(min(left, 0.05))

    def check(self) -> None:
        """Raise when the end was asked for or the history is broken."""
        self.stop.check()
        if self.failure is not None:
            raise self.failure

    def fail(self, error: Exception) -> None:
        """Let the next wait raise this: for threads that cannot raise where it matters."""
        self.failure = self.failure or error
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Flush and close the files."""
        with self._changed:
            for file in (self._event_file, self._sample_file):
                try:
                    if file is not None:
                        file.close()
                except OSError as error:
                    self.failure = self.failure or error

    def _write(self, file: IO[str] | None, text: str, *, flush: bool) -> None:
        if file is None:
            return
        try:
            file.write(text)
            if flush:
                file.flush()
        except (OSError, ValueError) as error:
            self.failure = self.failure or LabError(
                f"the run's history cannot be written: {error}",
                remedy="free disk space in the results folder and run again; the lab was put right",
            )


def read_events(folder: Path) -> list[Event]:
    """Read a stored run's events. Raises LabError when they are missing or broken."""
    return [Event(**json.loads(line)) for line in _lines(folder / EVENTS)]


def read_samples(folder: Path) -> dict[str, dict[str, list[Sample]]]:
    """Read a stored run's samples: by scenario id, then probe."""
    found: dict[str, dict[str, list[Sample]]] = {}
    for line in _lines(folder / SAMPLES):
        *fields, scenario = json.loads(line)
        found.setdefault(scenario, {}).setdefault(fields[0], []).append(Sample(*fields))
    return found


def read_json(path: Path) -> Any:
    """Read one JSON file of a stored run."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LabError(
            f"{path} is not a readable part of a run: {error}",
            remedy="name a folder under results/ that holds a finished run",
        ) from error


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise LabError(
            f"{path} is not a readable part of a run: {error.strerror}",
            remedy="name a folder under results/ that holds a finished run",
        ) from error
