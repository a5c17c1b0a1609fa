"""The seven toxics of Toxiproxy: which attributes each has, within which bounds, and how to say it in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chaoslab.model.value import BadValues
from chaoslab.parse.wording import nearest, shown

LONGEST_MS = 86_400_000
MOST_BYTES = 1 << 40


@dataclass(frozen=True, slots=True)
class Attribute:
    """One whole-number attribute with its bounds, in the unit that Toxiproxy documents. `default` None: it must be given."""

    low: int
    high: int
    default: int | None = None


@dataclass(frozen=True, slots=True)
class ToxicType:
    """What a toxic is made of, and what it does."""

    attributes: Mapping[str, Attribute]
    words: Callable[[Mapping[str, int]], str]


def _bandwidth(values: Mapping[str, int]) -> str:
    return (
        f"bandwidth of {values['rate']} KB/s"
        if values["rate"]
        else "stall (bandwidth rate 0: nothing passes, no packet is lost)"
    )


def _timeout(values: Mapping[str, int]) -> str:
    return (
        "stall without end (timeout 0)"
        if not values["timeout"]
        else f"no data, connections closed after {values['timeout']} ms"
    )


def _reset(values: Mapping[str, int]) -> str:
    return f"connections reset after {values['timeout']} ms" if values["timeout"] else "connections reset at once"


MS = Attribute(0, LONGEST_MS)
TOXICS: Mapping[str, ToxicType] = {
    "latency": ToxicType(
        {"latency": MS, "jitter": Attribute(0, LONGEST_MS, 0)},
        lambda values: (
            f"latency of {values['latency']} ms" + (f" +- {values['jitter']} ms" if values["jitter"] else "")
        ),
    ),
    "bandwidth": ToxicType({"rate": Attribute(0, MOST_BYTES)}, _bandwidth),
    "slow_close": ToxicType({"delay": MS}, lambda values: f"connections closed {values['delay']} ms late"),
    "timeout": ToxicType({"timeout": Attribute(0, LONGEST_MS, 0)}, _timeout),
    "reset_peer": ToxicType({"timeout": Attribute(0, LONGEST_MS, 0)}, _reset),
    "slicer": ToxicType(
        {
            "average_size": Attribute(1, MOST_BYTES),
            "size_variation": Attribute(0, MOST_BYTES, 0),
            "delay": Attribute(0, 1000 * LONGEST_MS, 0),
        },
        lambda values: f"data sliced into {values['average_size']} bytes, {values['delay']} us apart",
    ),
    "limit_data": ToxicType(
        {"bytes": Attribute(0, MOST_BYTES)}, lambda values: f"connections closed after {values['bytes']} bytes"
    ),
}
"""A negative bandwidth crashes Toxiproxy 2.12 (slice bounds), a rate of 0 stalls it as measured on 2.12.0: so 0 is the least."""


def checked(toxic: str, given: Mapping[str, Any]) -> dict[str, int]:
    """Return a toxic's attributes with its defaults filled in. Raises BadValues with everything that is wrong at once."""
    known = TOXICS[toxic].attributes
    found: list[tuple[tuple[str | int, ...], str, str]] = []
    for key, value in given.items():
        if key not in known:
            found.append((("attributes", key), f"{toxic} has no attribute {shown(key)}", nearest(key, known)))
        elif isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            found.append((("attributes", key), f"must be a whole number, not {shown(value)}", ""))
        elif not known[key].low <= value <= known[key].high:
            found.append(
                (("attributes", key), f"must be from {known[key].low} to {known[key].high}, not {shown(value)}", "")
            )
    found += [
        (("attributes",), f'{toxic} needs the attribute "{key}"', "")
        for key, attribute in known.items()
        if attribute.default is None and key not in given
    ]
    if toxic == "slicer" and not found and given.get("size_variation", 0) >= given["average_size"]:
        found.append((("attributes", "size_variation"), "must be less than average_size", ""))
    if found:
        raise BadValues(*found)
    return {key: int(given.get(key, attribute.default or 0)) for key, attribute in known.items()}


def in_words(toxic: str, attributes: Mapping[str, int]) -> str:
    """Say what a toxic does."""
    return TOXICS[toxic].words(attributes)
