"""The recorded compose configuration, on which parser and planner are tested, is what compose says of the lab today."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from chaoslab.parse import lab_spec

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "tests" / "recorded"

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    ("files", "recording"),
    [
        (("lab.yml",), "compose-config-2.26.json"),
        (("lab.yml", "redis-ha.yml"), "compose-config-2.26-redis-ha.json"),
    ],
)
def test_the_recording_is_the_lab(files: tuple[str, ...], recording: str) -> None:
    """Read by us, live and recorded output are the same lab; if not: record it again (the command is below)."""
    named = [word for file in files for word in ("-f", str(ROOT / "compose" / file))]
    command = ["docker", "compose", *named, "config", "--format", "json"]
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("CHAOSLAB_", "COMPOSE_", "LAB_"))
    }
    live = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60).stdout
    recorded = lab_spec(json.loads((RECORDED / recording).read_text()), "recorded")
    again = " ".join(command).replace(f"{ROOT}/", "")
    assert lab_spec(json.loads(live), "live") == recorded, f"{again} > tests/recorded/{recording}"
