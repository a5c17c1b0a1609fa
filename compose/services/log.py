"""Structured logs: one JSON object per line on stdout. A storm of one event is thinned, and a later line says so."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TextIO

LINES_PER_SECOND = 10
"""Of one event. Failing attempts come by the hundred per second, and each line costs CPU in the engine too."""


@dataclass(slots=True)
class Budget:
    """How many lines of one event were written in the current second, and how many were left out since."""

    second: int = 0
    written: int = 0
    left_out: int = 0


@dataclass(slots=True)
class Log:
    """Writes events of one service."""

    service: str
    host: str
    stream: TextIO = field(default_factory=lambda: sys.stdout)
    clock: Callable[[], float] = time.time
    budgets: dict[str, Budget] = field(default_factory=dict)

    def __call__(self, event: str, level: str = "info", **facts: Any) -> None:
        """Write one event with its facts (JSON values)."""
        now = self.clock()
        budget = self.budgets.setdefault(event, Budget())
        if budget.second != int(now):
            budget.second, budget.written = int(now), 0
        if budget.written >= LINES_PER_SECOND:
            budget.left_out += 1
            return
        budget.written += 1
        if budget.left_out:
            facts["left_out"], budget.left_out = budget.left_out, 0
        line = {
            "ts": round(now, 3),
            "level": level,
            "service": self.service,
            "host": self.host,
            "event": event,
            **facts,
        }
        self.stream.write(json.dumps(line) + "\n")
        self.stream.flush()
