"""One pattern: k6 started, watched, ended; what it told kept and judged."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chaoslab.clock import NS_PER_SECOND
from chaoslab.errors import ChaoslabError, Interrupted, ScriptError
from chaoslab.lab.lab import RUN_LABEL, Lab
from chaoslab.lab.load import IMAGE
from chaoslab.load.keep import Keep
from chaoslab.load.recent import Recent
from chaoslab.model.load import LoadBatch
from chaoslab.model.load_plan import PlannedPattern
from chaoslab.model.result import ScenarioResult
from chaoslab.report.load_progress import LoadProgress
from chaoslab.store import WaitTimeout
from chaoslab.tools.k6 import K6, K6Ended, K6Job
from chaoslab.verdict.load import Ended, Recording, Tape, judge_pattern

TOLD_EVERY_NS = NS_PER_SECOND // 2
STOP_SECONDS = 10.0
LONGEST_SECONDS = 4 * 3600.0
"""A script of unknown length is ended after this."""
GRACE_SECONDS = 60.0
"""Beyond its windows k6 starts, lets requests end, and sums up."""
RECENT_SECONDS = 2.0


@dataclass
class OnePattern:
    """A pattern under way on a lab that is up and clean."""

    planned: PlannedPattern
    lab: Lab
    progress: LoadProgress
    tape: Tape = field(default_factory=Tape)
    told_ns: int = 0
    stopped_ns: int | None = None
    window: str = ""
    ended: K6Ended | None = None
    recent: Recent = field(init=False)
    keep: Keep = field(init=False)

    def __post_init__(self) -> None:
        breaks = self.planned.breaks
        self.recent = Recent(max(RECENT_SECONDS, (breaks.stop_after_seconds or 0.0) if breaks else 0.0))
        self.keep = Keep(self.lab.history, self.planned)

    def run(self) -> ScenarioResult:
        """Run it and judge what was recorded, however it ended."""
        history = self.lab.history
        history.scenario = self.planned.name
        first, began_ns = len(history.events), history.now_ns()
        end = Ended(started=history.wall_iso())
        self.progress.pattern_started(self.planned)
        history.event("load_started", script=self.planned.script.name)
        try:
            self._to_its_end()
        except Interrupted as stopped:
            end = replace(end, interrupted=stopped.message)
        except (ChaoslabError, WaitTimeout) as error:
            end = replace(end, error=str(error), bad_input=isinstance(error, ScriptError))
        finally:
            self.progress.live("")
            self.keep.close()
        code = self.ended.exit_code if self.ended else None
        history.event("load_ended", exit_code=code, requests=len(self.tape.sent_ns))
        engine = [event.data for event in history.events[first:] if event.kind == "engine"]
        history.scenario = ""
        end = replace(
            end,
            wall_seconds=(history.now_ns() - began_ns) / NS_PER_SECOND,
            k6_exit_code=code,
            failures=() if self.stopped_ns else failures(self.ended),
            restarts=_counted(engine, "die"),
            oom_kills=_counted(engine, "oom"),
        )
        self.keep.judged(end)
        return judge_pattern(self.planned, Recording(self.tape), end)

    def _to_its_end(self) -> None:
        """Start k6 and wait for its end, telling the numbers meanwhile; a calibration that has seen enough is ended."""
        limit = LONGEST_SECONDS if self.planned.seconds is None else self.planned.seconds + GRACE_SECONDS
        k6 = K6.start(self.lab.engine, self._job(limit), self._take)

        def over() -> K6Ended | None:
            return self._stop(k6) if self._looked() else k6.ended()

        try:
            self.ended = self.lab.history.wait(over, limit + STOP_SECONDS, "the end of k6")
        except (Interrupted, WaitTimeout):
            self.ended = self._stop(k6)
            raise
        finally:
            k6.close()
            if self.ended is not None:
                self.keep.ended(self.ended)
        self.ended.check()

    def _stop(self, k6: K6) -> K6Ended:
        """Ask k6 to end; what ends from now on was cut off by us and counts nowhere."""
        self.stopped_ns = self.lab.history.now_ns()
        k6.stop()
        return k6.wait(STOP_SECONDS)

    def _job(self, limit: float) -> K6Job:
        return K6Job(
            project=self.lab.spec.project,
            network=self.lab.spec.networks[0],
            image=IMAGE,
            script=self.planned.script,
            environment=self.planned.environment,
            arguments=() if self.planned.own_thresholds else ("--no-thresholds",),
            limit_seconds=limit,
            labels={RUN_LABEL: self.lab.run_id},
        )

    def _take(self, batch: LoadBatch) -> None:
        """Take a batch, on k6's own thread."""
        if self.stopped_ns is not None:
            rows = tuple(row for row in batch.rows if row.finished_ns <= self.stopped_ns)
            batch = replace(batch, rows=rows)
        self.tape.add(batch)
        self.recent.add(batch)
        self.keep.add(batch)

    def _looked(self) -> bool:
        """Twice a second tell the window and the numbers of this moment; returns whether a calibration has seen enough."""
        now_ns = self.lab.history.now_ns()
        if not self.recent.first_ns or now_ns - self.told_ns < TOLD_EVERY_NS:
            return False
        self.told_ns = now_ns
        window = self.planned.window_at(self.recent.seconds)
        if window is not None and window.name != self.window:
            self.window = window.name
            seconds = 0.0 if window.end_seconds is None else window.end_seconds - window.start_seconds
            self.progress.phase(window.name, seconds, window.kind)
        self.progress.live(self.recent.numbers())
        return self.planned.breaks is not None and self.recent.broken(self.planned.breaks)


def failures(ended: K6Ended | None) -> tuple[str, ...]:
    """Say what k6 or the script itself held against the run: thresholds crossed, a run that the script gave up."""
    if ended is None or ended.exit_code == 0 or ended.error is not None:
        return ()
    if ended.aborted:
        return ("the script ended the run early",)
    if not ended.thresholds_crossed:
        return (f"the script called the run failed (exit code {ended.exit_code})",)
    metrics = (ended.summary or {}).get("metrics", {})
    crossed = [
        f"the script's own threshold is crossed: {name} {threshold}"
        for name, metric in metrics.items()
        for threshold, is_crossed in metric.get("thresholds", {}).items()
        if is_crossed
    ]
    return tuple(crossed) or ("a threshold of the script's own is crossed",)


def _counted(engine: Sequence[dict[str, Any]], action: str) -> dict[str, int]:
    """Count one action of the engine by replica."""
    return dict(Counter(f"{data['service']}[{data['replica']}]" for data in engine if data["action"] == action))
