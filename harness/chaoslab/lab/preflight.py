"""What must hold before anything starts: room for the results, memory for the lab."""

from pathlib import Path

from chaoslab.errors import LabError
from chaoslab.tools.engine import Engine
from chaoslab.tools.host import free_bytes

MIB = 2**20
RESULTS_BYTES = 64 * MIB
"""A full-profile run of ten scenarios writes about 40 MiB of samples."""
LAB_BYTES = 1024 * MIB


def check(results: Path, engine: Engine) -> None:
    """Raise LabError when the disk of the results folder is nearly full or the engine's host is too small for the lab."""
    free = free_bytes(results)
    if free < RESULTS_BYTES:
        raise LabError(
            f"only {free // MIB} MiB are free for {results}, a run needs up to {RESULTS_BYTES // MIB}",
            remedy="free disk space, or choose another folder with --results",
        )
    memory = int(engine.info().get("MemTotal", LAB_BYTES))
    if memory < LAB_BYTES:
        raise LabError(
            f"the engine's host has {memory // MIB} MiB of memory, the lab needs {LAB_BYTES // MIB}",
            remedy="give the engine more memory (Docker Desktop: Settings, Resources), or point DOCKER_HOST at a larger host",
        )
