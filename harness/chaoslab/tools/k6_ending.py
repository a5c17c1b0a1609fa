"""How a run of k6 ended: its exit code and last words -> no error, a script with an error, or a k6 that failed. Pure."""

from dataclasses import dataclass
from typing import Any

from chaoslab.errors import ChaoslabError, ScriptError, ToolError
from chaoslab.model.replica import Replica
from chaoslab.tools.k6_log import K6Log

THRESHOLDS_CROSSED, INVALID_OPTIONS, STOPPED, SCRIPT_EXCEPTION, SCRIPT_ABORTED, SCRIPT_FAILED = (
    99,
    104,
    105,
    107,
    108,
    110,
)
SETUP_TIMEOUT, TEARDOWN_TIMEOUT, KILLED = 100, 101, 137
BY_ITSELF = (0, THRESHOLDS_CROSSED, SCRIPT_ABORTED, SCRIPT_FAILED)
OF_THE_SCRIPT = (INVALID_OPTIONS, SCRIPT_EXCEPTION, SETUP_TIMEOUT, TEARDOWN_TIMEOUT)
NEVER_BEGAN = "could not initialize"
NO_CODE = -1


@dataclass(frozen=True, slots=True)
class K6Ended:
    """How a run ended. `summary`: k6's own, None where it wrote none. `log`: what it said, without the requests."""

    exit_code: int
    summary: dict[str, Any] | None
    log: str
    error: ChaoslabError | None = None

    @property
    def thresholds_crossed(self) -> bool:
        """Whether one of the script's own thresholds was crossed."""
        return self.exit_code == THRESHOLDS_CROSSED

    @property
    def aborted(self) -> bool:
        """Whether the script itself, or one of its thresholds, ended the run early."""
        return self.exit_code == SCRIPT_ABORTED

    def check(self) -> None:
        """Raise ScriptError for a script that does not run, ToolError for a k6 that ended neither by itself nor by our wish."""
        if self.error is not None:
            raise self.error


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known at the end. `container` None: removed by somebody. `stopped`: by our wish. `folder`: where the script was."""

    script: str
    folder: str
    log: K6Log
    container: Replica | None
    stopped: bool

    def told(self, failure: ChaoslabError | None) -> K6Ended:
        """Say how it ended; `failure`: what went wrong while its requests were read."""
        code = NO_CODE if self.container is None else self.container.exit_code
        summary = self.log.summary
        error = failure or (None if self.stopped else self._error(code, summary))
        return K6Ended(code, summary, self.log.text, error)

    def _error(self, code: int, summary: dict[str, Any] | None) -> ChaoslabError | None:
        words = self.log.last_words.replace(f"file://{self.folder}/", "")
        never_came_through = 0 < self.log.thrown >= _iterations(summary)
        if code in OF_THE_SCRIPT or NEVER_BEGAN in words or (code in BY_ITSELF and never_came_through):
            return ScriptError(
                f"the load script {self.script} has an error: {words}", remedy="mend it and run it again"
            )
        if code in BY_ITSELF:
            return None
        return ToolError(self._why(code, words), code=code, output=self.log.text, remedy="run it again")

    def _why(self, code: int, words: str) -> str:
        if self.container is None:
            return "k6's container was removed while it ran"
        if self.container.oom_killed:
            return f"k6 needed more than its {self.container.memory_bytes >> 20} MiB of memory and was killed"
        if code == KILLED:
            return "k6 was killed by somebody (SIGKILL)"
        if code == STOPPED:
            return f"k6 was stopped before its end: {self.log.stopped_because or words}"
        return f"k6 ended with exit code {code}: {words}"


def _iterations(summary: dict[str, Any] | None) -> int:
    """Return how often the script was gone through, exceptions included."""
    found = (summary or {}).get("metrics", {}).get("iterations", {})
    return int(found.get("count", 0))
