"""Asks git which revision the inputs are of."""

import subprocess
from pathlib import Path

ANSWER_SECONDS = 5


def revision(folder: Path) -> dict[str, str | bool]:
    """Return the revision and whether the checkout differs from it; an empty dict outside a checkout or without git."""
    try:
        head = _git(folder, "rev-parse", "HEAD")
        return {"revision": head, "dirty": bool(_git(folder, "status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return {}


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=ANSWER_SECONDS, check=True
    )
    return done.stdout.strip()
