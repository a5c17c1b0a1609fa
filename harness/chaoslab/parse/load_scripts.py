"""The script of a scenario's load: found, or told as missing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chaoslab.parse.wording import Found, shown

FOLDER = "k6"
WHERE = f"it is looked for in the suite's folder, then in {FOLDER}/: here, and beside the suite's folder"


def script_file(name: str, suite: Path) -> Path | None:
    """Find a load script: beside the suite, in k6/ of the working folder, or in k6/ beside the suite's folder; None where there is none."""
    candidates = (suite.parent / name, Path(FOLDER) / name, suite.parent.parent / FOLDER / name)
    return next((path for path in candidates if _is_file(path)), None)


def missing_scripts(value: Any, suite: Path) -> Iterator[Found]:
    """Find the scripts that a suite's scenarios name and that are nowhere, also in scenarios that are wrong otherwise."""
    scenarios = value.get("scenarios") if isinstance(value, dict) else None
    for index, scenario in enumerate(scenarios if isinstance(scenarios, list) else ()):
        load = scenario.get("load") if isinstance(scenario, dict) else None
        name = load.get("script") if isinstance(load, dict) else None
        if isinstance(name, str) and name and script_file(name, suite) is None:
            yield ("scenarios", index, "load", "script"), f"there is no load script {shown(name)}", WHERE


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False
