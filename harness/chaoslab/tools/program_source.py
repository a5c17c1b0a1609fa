"""The programs of `inside/` as texts to be run with `python3 -c`: no image needs rebuilding when one changes."""

import importlib.resources
from importlib.resources.abc import Traversable

PACKAGE = "chaoslab.inside"
CARRIER = "carried.py"
LIMIT_BYTES = 128 << 10
"""The longest argument that Linux gives to a program (MAX_ARG_STRLEN)."""


def program_source(name: str) -> str:
    """Return a program's source. One of several files, a package, is carried with its files' names (`inside/carried.py`)."""
    place = importlib.resources.files(PACKAGE)
    if (file := place / f"{name}.py").is_file():
        return file.read_text()
    sources = {"chaoslab": "", PACKAGE: "", **_modules(place / name, f"{PACKAGE}.{name}")}
    return f"{(place / CARRIER).read_text()}\n\nrun({sources!r}, '{PACKAGE}.{name}')\n"


def _modules(folder: Traversable, package: str) -> dict[str, str]:
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".py")), key=lambda file: file.name)
    return {f"{package}.{file.name.removesuffix('.py')}".removesuffix(".__init__"): file.read_text() for file in files}
