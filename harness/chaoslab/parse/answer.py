"""Values in the JSON answers of services, found by JSONPath."""

import json
from typing import Any


def value_at(body: str, path: str) -> Any:
    """Return the first value that a JSONPath finds in a body; None when it finds nothing or the body is no JSON."""
    import jsonpath  # noqa: PLC0415 - costs 30 ms, so only where it is used

    try:
        found = jsonpath.compile(path).findall(json.loads(body))
    except ValueError:
        return None
    return found[0] if found else None


def number_at(body: str, path: str) -> float | None:
    """Return that value as a number, None when it is none."""
    value = value_at(body, path)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
