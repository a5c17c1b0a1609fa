"""Short forms of scenarios -> the normal form: one scenario whose keys describe its only fault."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaoslab.model.suite import DEFAULT_LINK, Scenario
from chaoslab.parse.problems import known_keys
from chaoslab.parse.wording import Place

RESOURCES = {
    "disk": "disk",
    "memory": "memory",
    "cpu": "cpu",
    "file_descriptors": "fds",
    "vram": "vram",
    "connections": "connections",
    "io": "io",
    "pids": "pids",
}
"""What the short resource form calls things -> the fault type that exhausts it."""

PERCENT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*%\s*$")
LIMITLESS = ("ulimit", "limit", "oom")
"""Thresholds that name the limit itself."""
AMOUNTS = {"connections": "number", "io": "workers"}
"""What a threshold that is a plain number says, where it is not a share."""

HOLD = {"duration_seconds": "for_seconds", "at_seconds": "at_seconds"}
NETWORK = {
    "toxic": "toxic",
    "attributes": "attributes",
    "link": "link",
    "proxy": "link",
    "stream": "stream",
    "toxicity": "toxicity",
    **HOLD,
}
CRASH = {
    "target": "target",
    "signal": "signal",
    "timing": "timing",
    "timeout_seconds": "timeout_seconds",
    "count": "count",
    "where": "where",
    "at_seconds": "at_seconds",
}
RESOURCE = {
    "resource": "type",
    "target": "target",
    "threshold": "threshold",
    "count": "count",
    "where": "where",
    "path": "path",
    "port": "port",
    **HOLD,
}
KINDS = {"network": NETWORK, "crash": CRASH, "resource": RESOURCE}
"""The short forms: scenario key -> key of its one fault in the normal form."""

SCENARIO_KEYS = tuple(key for key in known_keys(Scenario) if key not in ("faults", "campaign"))


@dataclass(frozen=True, slots=True)
class ShortForm:
    """A short scenario taken apart: what stays with the scenario, its one fault, and who said what.

    `keys`: the fault's key -> the scenario's key that said it.
    """

    kind: str
    rest: dict[str, Any]
    fault: dict[str, Any]
    keys: dict[str, str]

    def place(self, place: Place) -> Place:
        """Find where the file says what stands at `place` of the fault."""
        if place and place[0] in self.keys:
            return (self.keys[str(place[0])], *place[1:])
        return place if place and place[0] in self.rest else ()

    @property
    def known(self) -> tuple[str, ...]:
        """Every key that this form may have."""
        return tuple(dict.fromkeys([*SCENARIO_KEYS, *KINDS[self.kind], "duration_seconds"]))


def short_form(raw: Mapping[str, Any]) -> ShortForm | None:
    """Read a scenario without `faults` as one of the short forms; None when it is none of them."""
    kind = _kind(raw)
    if kind is None:
        return None
    renamed = dict(KINDS[kind])
    if kind == "network" and "toxic" not in raw:
        renamed["type"] = "toxic"
    fault = {new: raw[old] for old, new in renamed.items() if old in raw}
    keys = {new: old for old, new in renamed.items() if old in raw}
    rest = {key: value for key, value in raw.items() if key not in renamed and not (key == "type" and value in KINDS)}
    if kind == "network":
        fault = {"type": "toxic", "link": DEFAULT_LINK, **fault}
    elif kind == "crash":
        fault = {"type": "crash", **fault}
        if "duration_seconds" in rest:
            rest.setdefault("recovery_deadline_seconds", rest.pop("duration_seconds"))
    else:
        _exhausted(raw["resource"], fault, keys, rest)
    return ShortForm(kind, rest, fault, keys)


def _exhausted(resource: Any, fault: dict[str, Any], keys: dict[str, str], rest: dict[str, Any]) -> None:
    """Turn a resource and its threshold into a fault: `"95%"` is a share, `"ulimit"` (or 100%) the limit itself.

    Memory at its limit is what the kernel makes of it: an OOM kill, which has no hold; its duration is the time to recover.
    """
    kind = RESOURCES.get(resource, resource) if isinstance(resource, str) else resource
    fault["type"] = kind
    if "threshold" not in fault:
        return
    said = fault.pop("threshold")
    key, value = _amount(kind, said)
    if kind == "memory" and value == 100:
        fault["type"] = "oom"
        if (hold := fault.pop("for_seconds", None)) is not None:
            keys.pop("for_seconds")
            rest.setdefault("recovery_deadline_seconds", hold)
        keys.pop("threshold")
        return
    fault[key] = value
    keys[key] = keys.pop("threshold")


def _amount(kind: Any, said: Any) -> tuple[str, Any]:
    """Return the fault's key that a threshold sets, and its value; what cannot be read stays as it is, and is told as wrong."""
    key = AMOUNTS.get(kind, "percent") if isinstance(kind, str) else "percent"
    if not isinstance(said, str):
        return key, said
    if kind in ("fds", "pids") and (said in LIMITLESS or _share(said) == 100):
        return "left", 0
    if said in LIMITLESS and key == "percent":
        return key, 100.0
    share = _share(said)
    return key, said if share is None else share


def _share(said: str) -> float | None:
    found = PERCENT.match(said)
    return float(found[1]) if found else None


def _kind(raw: Mapping[str, Any]) -> str | None:
    if "resource" in raw:
        return "resource"
    if "toxic" in raw or ("attributes" in raw and "type" in raw):
        return "network"
    if "signal" in raw or "timing" in raw or "target" in raw:
        return "crash"
    return None
