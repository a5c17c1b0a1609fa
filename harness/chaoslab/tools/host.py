"""Asks hosts: the engine's what it can do, through one short helper container; this one how much disk is free."""

import shutil
from pathlib import Path
from typing import Any

from chaoslab.tools.engine import Engine, Helper


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk that a folder is on, or will be on."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    return shutil.disk_usage(existing).free


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
