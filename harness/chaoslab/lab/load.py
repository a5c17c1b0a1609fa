"""The load of one scenario: k6 beside the experiment, its requests in the history as samples of the stream `load`. Judges nothing."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chaoslab import __version__
from chaoslab.clock import NS_PER_MS, NS_PER_SECOND
from chaoslab.errors import ChaoslabError, NotProvable, ScriptError
from chaoslab.lab.lab import RUN_LABEL, Lab
from chaoslab.model.history import Sample
from chaoslab.model.lab import LOAD
from chaoslab.model.load import LoadBatch, LoadRow
from chaoslab.model.plan import PlannedScenario
from chaoslab.model.suite import LOAD_START_SECONDS, LOAD_STOP_SECONDS, Load
from chaoslab.parse.load_scripts import script_file
from chaoslab.store import WaitTimeout
from chaoslab.tools.k6 import K6, K6Ended, K6Job
from chaoslab.verdict.measures import error_rate, latencies_ms, percentile
from chaoslab.verdict.recovery import since

IMAGE = f"chaoslab/k6:{__version__}"
TOLD_EVERY_NS = NS_PER_SECOND // 2
ARRIVAL_NS = 400 * NS_PER_MS
"""A request is told by the batch after it, or the one after that."""


@dataclass
class ScenarioLoad:
    """k6 beside one scenario; without a load in it nothing here does anything.

    What finishes after `stop` counts nowhere: k6 cuts off what is under way then.
    """

    planned: PlannedScenario
    lab: Lab
    live: Callable[[str], None]
    k6: K6 | None = None
    users: int = 0
    said: str = ""
    told_ns: int = 0
    ended_ns: int | None = None

    def start(self) -> float:
        """Start k6 and wait until a first request was served; returns the seconds that it took.

        Raises ScriptError, ToolError when k6 does not run, NotProvable when it runs and nothing is served.
        """
        load, history = self.planned.scenario.load, self.lab.history
        if load is None:
            return 0.0
        began = history.now_ns()
        job = self._job(load)
        history.event("load_started", script=load.script, vus=load.vus)
        self.k6 = K6.start(self.lab.engine, job, self._take, self._hear)
        try:
            history.wait(self._served, LOAD_START_SECONDS, "a served request of the load")
        except WaitTimeout as error:
            raise self._never_served(load) from error
        return (history.now_ns() - began) / NS_PER_SECOND

    def check(self) -> None:
        """Tell the load's numbers. Raises ScriptError or ToolError when k6 has ended with an error."""
        if self.k6 is None:
            return
        ended = self.k6.ended()
        if ended is not None:
            self._over(ended)
        elif self.users and (now_ns := self.lab.history.now_ns()) - self.told_ns >= TOLD_EVERY_NS:
            self.told_ns = now_ns
            self.live(self._numbers(now_ns))

    def stop(self) -> float:
        """End k6 and keep what it said; returns the seconds that it took. Never raises: a scenario's end goes on whatever k6 does."""
        if self.k6 is None:
            return 0.0
        self.ended_ns = self.lab.history.now_ns()
        self.live("")
        try:
            self.k6.stop()
            self._keep(self.k6.wait(LOAD_STOP_SECONDS))
        except ChaoslabError as error:
            self.lab.history.event("note", text=f"the load could not be ended in an orderly way: {error}")
        finally:
            self._close()
        return (self.lab.history.now_ns() - self.ended_ns) / NS_PER_SECOND

    def _job(self, load: Load) -> K6Job:
        """Say what to run: so many users until the scenario is over, or the script's own shape; its thresholds are not asked."""
        script = script_file(load.script, Path(self.planned.file))
        if script is None:
            raise ScriptError(f"the load script {load.script} is gone", remedy="it was there when the run was planned")
        if self.lab.history.folder is not None:
            text = script.read_text(encoding="utf-8", errors="replace")
            self.lab.history.folder.write(f"{self._folder}/{script.name}", text)
        limit = self.planned.worst_case_seconds + LOAD_START_SECONDS
        users = () if load.vus is None else ("--vus", str(load.vus), "--duration", f"{limit:.0f}s")
        return K6Job(
            project=self.lab.spec.project,
            network=self.lab.spec.networks[0],
            image=IMAGE,
            script=script,
            environment=self.lab.spec.load.environment | {name: str(value) for name, value in load.env.items()},
            arguments=("--no-thresholds", *users),
            limit_seconds=limit,
            labels={RUN_LABEL: self.lab.run_id},
        )

    def _take(self, batch: LoadBatch) -> None:
        """Take a batch, on k6's own thread."""
        self.users = batch.vus
        rows = [row for row in batch.rows if self.ended_ns is None or row.finished_ns <= self.ended_ns]
        self.lab.history.samples_in(as_sample(row) for row in sorted(rows, key=lambda row: row.finished_ns))

    def _hear(self, line: str) -> None:
        self.said = line

    def _never_served(self, load: Load) -> ChaoslabError:
        """Say what was answered instead; a script that asks nothing has an error."""
        outcomes = Counter(sample.outcome for sample in tuple(self.lab.history.series(LOAD.name)))
        within = f"within {LOAD_START_SECONDS:g} s"
        if not outcomes:
            return ScriptError(
                f"the load script {load.script} sent no request {within}; k6 last said: {self.said or 'nothing'}",
                remedy="mend it and run it again",
            )
        told = ", ".join(f"{count} x {outcome}" for outcome, count in outcomes.most_common())
        return NotProvable(
            f"no request of {load.script} was served {within}: {told}",
            remedy="check what the script asks, and x-chaoslab's load.environment",
        )

    def _served(self) -> bool | None:
        self.check()
        return any(sample.good for sample in tuple(self.lab.history.series(LOAD.name))) or None

    def _numbers(self, now_ns: int) -> str:
        """Say how the last second of requests went."""
        end_ns = now_ns - ARRIVAL_NS
        recent = since(tuple(self.lab.history.series(LOAD.name)), end_ns - NS_PER_SECOND)
        recent = [sample for sample in recent if end_ns - NS_PER_SECOND <= sample.finished_ns < end_ns]
        p95, errors = percentile(latencies_ms(recent), 95), error_rate(recent)
        told = [f"load: {self.users} users", f"{len(recent)} requests/s"]
        told += [] if errors is None else [f"{100 * errors:.0f}% errors"]
        return ", ".join(told + ([] if p95 is None else [f"p95 {p95:.0f} ms"]))

    def _over(self, ended: K6Ended) -> None:
        """K6 ended while the scenario goes on: of its own accord when the script's shape was over, else that is an error."""
        self._keep(ended)
        self._close()
        self.live("")
        ended.check()
        self.lab.history.event(
            "note", text="the load's own shape was over before the scenario was; give it vus to go on"
        )

    def _keep(self, ended: K6Ended) -> None:
        history = self.lab.history
        history.event("load_ended", exit_code=ended.exit_code, requests=len(history.series(LOAD.name)))
        if history.folder is not None:
            history.folder.write(f"{self._folder}/k6.log", ended.log)
            if ended.summary is not None:
                history.folder.write_json(f"{self._folder}/summary.json", ended.summary)

    def _close(self) -> None:
        k6, self.k6 = self.k6, None
        try:
            if k6 is not None:
                k6.close()
        except ChaoslabError as error:  # the session's end removes it
            self.lab.history.event("note", text=f"the load's container could not be removed: {error}")

    @property
    def _folder(self) -> str:
        return f"load/{self.planned.key}"


def as_sample(row: LoadRow) -> Sample:
    """Turn a request into a sample of the load; what it asked is its detail."""
    name, number, at = LOAD.name, 0, row.sent_ns
    return Sample(name, number, at, at, row.finished_ns, row.accepted, str(row.outcome), detail=row.name)
