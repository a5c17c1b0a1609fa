"""What is kept of an answer: a captured value, or metrics."""

import json
from typing import Any

MOST_SERIES = 200

Answer = tuple[bool, str, bytes]
"""Good or not, outcome, body."""


def path_steps(path: str) -> list[str | int]:
    """Cut a JSONPath of the simple kind ($.a.b[0]) into keys and indexes."""
    parts = path.removeprefix("$").replace("[", ".").replace("]", "").split(".")
    return [int(part) if part.lstrip("-").isdigit() else part.strip("'\"") for part in parts if part]


def captured(body: bytes, steps: list[str | int]) -> Any:
    """Return what the steps lead to in a JSON body, None when they lead nowhere."""
    try:
        value = json.loads(body)
        for step in steps:
            value = value[step]
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    return value


def series(text: str, keep: frozenset[str]) -> dict[str, float]:
    """Read Prometheus text: series as written -> value, of the metrics named in `keep` (all when it is empty), a bounded number of them."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if not line or line[0] == "#":
            continue
        name = line[: line.index("{")] if "{" in line else line.split(None, 1)[0]
        if keep and name not in keep:
            continue
        key, _, rest = line.rpartition("} ")
        key, rest = (f"{key}}}", rest) if key else line.split(None, 1)
        value = float(rest.split()[0])
        if value - value == 0 and len(found) < MOST_SERIES:  # neither NaN nor infinite: JSON has no word for these
            found[key] = value
    return found
