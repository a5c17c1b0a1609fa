"""The recorded compose configuration, on which parser and planner are tested, is what compose says of the lab today."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from chaoslab.parse import lab_spec

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "tests" / "recorded" / "compose-config-2.26.json"
COMMAND = ["docker", "compose", "-f", str(ROOT / "compose" / "lab.yml"), "config", "--format", "json"]

pytestmark = pytest.mark.engine


def test_the_recording_is_the_lab() -> None:
    """Read by us, live and recorded output are the same lab; if not: record it again (the command is below)."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("CHAOSLAB_", "COMPOSE_", "LAB_"))
    }
    live = subprocess.run(COMMAND, env=environment, capture_output=True, check=True, timeout=60).stdout
    recorded = lab_spec(json.loads(RECORDED.read_text()), "recorded")
    command = " ".join(COMMAND).replace(f"{ROOT}/", "")
    assert lab_spec(json.loads(live), "live") == recorded, f"{command} > {RECORDED.relative_to(ROOT)}"
