"""Runs the script that builds images: from the checkout, else from the copy in the installed package."""

import os
import subprocess
import sys
from pathlib import Path

from chaoslab.errors import ToolError
from chaoslab.tools.endpoint import Endpoint

PACKAGE = Path(__file__).resolve().parents[1]
PLACES = (PACKAGE.parents[1] / "compose" / "images", PACKAGE / "package_data" / "images")


def build(name: str, endpoint: Endpoint) -> None:
    """Build one image on the engine, showing the script's own lines on stderr. Raises ToolError."""
    script = next((place / "build.sh" for place in PLACES if (place / "build.sh").is_file()), None)
    if script is None:
        raise ToolError(
            f"the image {name} is missing, and this installation has no build.sh",
            remedy="install chaoslab from its wheel or checkout",
        )
    done = subprocess.run(
        ["bash", str(script), name], env=os.environ | {"DOCKER_HOST": endpoint.url}, stdout=sys.stderr, check=False
    )
    if done.returncode:
        raise ToolError(
            f"the image {name} could not be built",
            argv=["bash", str(script), name],
            code=done.returncode,
            remedy="the lines above say why; `make images` tries again",
        )
