"""The one door to k6: runs a load script in the lab's network and hands its requests over while it runs."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chaoslab.errors import ChaoslabError, EngineGone, ToolError
from chaoslab.model.load import LoadBatch
from chaoslab.parse.load_line import load_batch
from chaoslab.tools.attached import Attached
from chaoslab.tools.engine import HELPER_LABEL, Engine
from chaoslab.tools.k6_ending import Ending, K6Ended
from chaoslab.tools.k6_log import K6Log
from chaoslab.tools.k6_script import pack
from chaoslab.tools.programs import Program

__all__ = ["K6", "K6Ended", "K6Job"]

FOLDER = "/load"
LIMIT = "CHAOSLAB_LIMIT_SECONDS"
STOP_SECONDS = 5.0
END_SECONDS = 5.0
MEMORY_BYTES = 4 << 30
OPTIONS = (
    "--quiet",
    "--no-color",
    "--address",
    "",
    "--out",
    "chaoslab",
    "--summary-export",
    "stderr",
    "--dns",
    "ttl=1s",
)
"""No progress bars, no control port; a name is looked up again, as its service may have got another address."""


@dataclass(frozen=True, slots=True)
class K6Job:
    """One run of a script. `environment`: what it finds in `__ENV`. `arguments` go to `k6 run` as they are.

    k6 ends itself after `limit_seconds`, and when this process is gone.
    """

    project: str
    network: str
    image: str
    script: Path
    environment: Mapping[str, str]
    limit_seconds: float
    arguments: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    memory_bytes: int = MEMORY_BYTES


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told, on k6's own thread: each batch of requests, each line of the log."""

    batch: Callable[[LoadBatch], object]
    log: Callable[[str], object]


class K6:
    """A running k6. One thread of its own reads what it says."""

    def __init__(self, engine: Engine, job: K6Job, listener: Listener) -> None:
        self._engine = engine
        self._listener = listener
        self._log = K6Log()
        self._script = job.script.name
        self._stopped = False
        self._failure: ChaoslabError | None = None
        self._ended: K6Ended | None = None
        self._container, attached = engine.start_program(_program(job), self._hear)
        self._thread = threading.Thread(target=self._read, args=(attached,), name="k6", daemon=True)
        self._thread.start()

    @classmethod
    def start(
        cls,
        engine: Engine,
        job: K6Job,
        on_batch: Callable[[LoadBatch], object],
        on_log: Callable[[str], object] = len,
    ) -> "K6":
        """Start it; `on_batch` and `on_log` (lines) are called on its own thread. Raises ScriptError (no such script), ToolError."""
        try:
            return cls(engine, job, Listener(on_batch, on_log))
        except ToolError as error:
            if error.code == 404 and not engine.has_image(job.image):
                raise ToolError(f"the image {job.image} is missing", remedy="`make images` builds it") from error
            raise

    def stop(self) -> None:
        """Ask k6 to end; it cuts off what is under way. Killed when it takes more than STOP_SECONDS."""
        for signal in ("SIGINT", "SIGKILL"):
            if self._thread.is_alive():
                self._stopped = True
                self._signal(signal)
                self._thread.join(STOP_SECONDS)

    def ended(self) -> K6Ended | None:
        """Say how it ended, None while it runs."""
        return None if self._thread.is_alive() else self.wait(END_SECONDS)

    def wait(self, timeout_seconds: float) -> K6Ended:
        """Wait for its end. Raises ToolError when it does not come in time."""
        self._thread.join(timeout_seconds)
        if self._thread.is_alive():
            raise ToolError(
                f"k6 did not end within {timeout_seconds:g} s; it last said: {self._log.last_words or 'nothing'}",
                remedy="`chaoslab recover` removes it",
            )
        if self._ended is None:
            container = self._engine.ended(self._container, END_SECONDS)
            self._ended = Ending(self._script, FOLDER, self._log, container, self._stopped).told(self._failure)
        return self._ended

    def close(self) -> None:
        """Remove its container, running or not."""
        self._stopped = True
        self._engine.remove(self._container)
        self._thread.join(END_SECONDS)

    def _signal(self, signal: str) -> None:
        """Send it a signal; one that has just ended takes none."""
        try:
            self._engine.kill(self._container, signal)
        except EngineGone:
            raise
        except ToolError as error:
            if error.code not in (404, 409):
                raise

    def _hear(self, line: str) -> None:
        if (said := self._log.standard_error(line)) is not None:
            self._listener.log(said)

    def _read(self, attached: Attached) -> None:
        """Hand over what k6 says until it ends, or cannot be read any more: then it is killed."""
        try:
            while (line := attached.read_line(None)) is not None:
                self._take(line.decode(errors="replace"))
        except ChaoslabError as error:
            self._failure = error
            self._signal("SIGKILL")
        finally:
            attached.close()

    def _take(self, line: str) -> None:
        batch = load_batch(line)
        if batch is None:
            self._listener.log(self._log.say(line))
        else:
            self._listener.batch(batch)


def _program(job: K6Job) -> Program:
    script = pack(job.script)
    ours = {LIMIT: f"{job.limit_seconds:g}", "GOMEMLIMIT": str(job.memory_bytes * 9 // 10)}
    return Program(
        image=job.image,
        network=job.network,
        argv=("run", *OPTIONS, *job.arguments, f"{FOLDER}/{script.path}"),
        files=script.archive,
        folder=FOLDER,
        memory_bytes=job.memory_bytes,
        environment={**job.environment, **ours},
        labels={HELPER_LABEL: job.project, **job.labels},
    )
