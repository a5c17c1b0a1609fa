"""Short forms of scenarios -> the normal form: one scenario whose keys describe its only fault."""

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
    "at_seconds": "at_seconds",
}
RESOURCE = {"resource": "type", "target": "target", "threshold": "threshold", "count": "count", **HOLD}
KINDS = {"network": NETWORK, "crash": CRASH, "resource": RESOURCE}
"""The short forms: scenario key -> key of its one fault in the normal form."""

SCENARIO_KEYS = tuple(key for key in known_keys(Scenario) if key != "faults")


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
        resource = raw["resource"]
        fault["type"] = RESOURCES.get(resource, resource) if isinstance(resource, str) else resource
    return ShortForm(kind, rest, fault, keys)


def _kind(raw: Mapping[str, Any]) -> str | None:
    if "resource" in raw:
        return "resource"
    if "toxic" in raw or ("attributes" in raw and "type" in raw):
        return "network"
    if "signal" in raw or "timing" in raw or "target" in raw:
        return "crash"
    return None
