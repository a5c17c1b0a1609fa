"""What a pattern leaves in the run folder: its script, its plan, every request, k6's log and summary, how it ended."""

import json
from dataclasses import replace
from typing import IO

from pydantic import TypeAdapter

from chaoslab.errors import ChaoslabError, LabError
from chaoslab.model.load import LoadBatch
from chaoslab.model.load_plan import PlannedPattern
from chaoslab.store import History
from chaoslab.tools.k6 import K6Ended
from chaoslab.verdict.load import Ended, hidden

REQUESTS, PLAN, END = "requests.jsonl", "plan.json", "end.json"


class Keep:
    """Writes `load/<pattern>/`. Without a run folder it writes nothing; a full disk fails the history, never k6's thread."""

    def __init__(self, history: History, planned: PlannedPattern) -> None:
        self._history = history
        self._place = f"load/{planned.name}"
        self._names: dict[str, int] = {}
        self._file: IO[str] | None = None
        if history.folder is not None:
            history.folder.write(f"{self._place}/{planned.script.name}", planned.script.read_text(encoding="utf-8"))
            shown = replace(planned, environment=hidden(planned.environment))
            history.folder.write_json(
                f"{self._place}/{PLAN}", TypeAdapter(PlannedPattern).dump_python(shown, mode="json")
            )
            self._file = history.folder.appender(f"{self._place}/{REQUESTS}")

    def add(self, batch: LoadBatch) -> None:
        """Append a batch, in the form in which k6 told it, with the names that are new in it."""
        if self._file is None:
            return
        rows = [
            [
                self._names.setdefault(row.name, len(self._names)),
                (batch.at_ns - row.sent_ns) // 1000,
                row.duration_us,
                row.outcome,
            ]
            for row in batch.rows
        ]
        began_us = 0 if batch.began_ns is None else (batch.at_ns - batch.began_ns) // 1000
        told = {"at_ns": batch.at_ns, "began_us": began_us, "vus": batch.vus, "names": list(self._names), "rows": rows}
        try:
            self._file.write(json.dumps(told, separators=(",", ":"), ensure_ascii=False) + "\n")
            self._file.flush()
        except (OSError, ValueError) as error:
            self._history.fail(LabError(f"the requests cannot be written: {error}", remedy="free disk space"))

    def judged(self, ended: Ended) -> None:
        """Write how it ended, as it is judged."""
        if self._history.folder is not None:
            self._history.folder.write_json(f"{self._place}/{END}", TypeAdapter(Ended).dump_python(ended, mode="json"))

    def ended(self, ended: K6Ended) -> None:
        """Write k6's own words; what cannot be written is noted."""
        folder = self._history.folder
        if folder is None:
            return
        try:
            folder.write(f"{self._place}/k6.log", ended.log)
            if ended.summary is not None:
                folder.write_json(f"{self._place}/summary.json", ended.summary)
        except ChaoslabError as error:
            self._history.event("note", text=str(error))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
