"""Asks the engine's host what it can do, through one short helper container."""

from typing import Any

from chaoslab.tools.engine import Engine, Helper


def abilities(engine: Engine, image: str) -> dict[str, Any]:
    """Return what `inside/abilities.py` found: netfilter, netem, pidfd, cgroup files. Raises ToolError."""
    attached = engine.start_helper(
        Helper("doctor", image, "abilities", network="none", capabilities=("NET_ADMIN", "NET_RAW", "KILL"))
    )
    try:
        return dict(attached.receive(10) or {})
    finally:
        attached.end_input()
        attached.close()
