"""Says who holds the lab's lock, from the labels of the observer that is it."""

from chaoslab.tools.engine import Engine

OWNER_PREFIX = "chaoslab.owner."


def holder(engine: Engine, name: str) -> str:
    """Say who holds the lock, from its labels."""
    labels = ((engine.inspect_raw(name) or {}).get("Config") or {}).get("Labels") or {}
    known = [
        f"{key.removeprefix(OWNER_PREFIX)} {value}"
        for key, value in sorted(labels.items())
        if key.startswith(OWNER_PREFIX)
    ]
    return f"container {name} exists" + (f" ({', '.join(known)})" if known else "")
