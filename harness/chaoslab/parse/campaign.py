"""A campaign as a file says it: what its faults and targets have to do with each other."""

from collections.abc import Iterator, Mapping
from typing import Any

from chaoslab.model.suite import ANY_TARGET
from chaoslab.parse.wording import Found

OPEN = f'"target": "{ANY_TARGET}"'


def campaign_problems(raw: Mapping[str, Any]) -> Iterator[Found]:
    """Find targets that no fault takes, faults that no target is named for, and times that the campaign sets itself; places below it."""
    faults = raw.get("faults")
    read = [
        (number, one) for number, one in enumerate(faults if isinstance(faults, list) else ()) if isinstance(one, dict)
    ]
    is_open = [number for number, fault in read if fault.get("target") == ANY_TARGET]
    if raw.get("targets") and read and not is_open:
        yield ("targets",), f"no fault of the campaign says {OPEN}", "write it, or remove the targets"
    if not raw.get("targets"):
        for number in is_open:
            yield ("faults", number, "target"), f"{OPEN} needs targets to draw from", 'add "targets" to the campaign'
    for number, fault in read:
        if fault.get("at_seconds"):
            yield ("faults", number, "at_seconds"), "a campaign has its faults one after another", "use gap_seconds"
