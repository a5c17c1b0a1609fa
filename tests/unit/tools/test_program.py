"""The programs of `inside/` as the texts that travel."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import chaoslab
from chaoslab.inside.carried import Carried
from chaoslab.tools.program_source import CARRIER, LIMIT_BYTES, PACKAGE, program_source

HARNESS = Path(chaoslab.__path__[0])
INSIDE = HARNESS / "inside"
PROGRAMS = sorted(path.stem for path in INSIDE.iterdir() if path.name not in ("__init__.py", "__pycache__", CARRIER))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_fits_into_one_argument(name: str) -> None:
    """Linux takes no argument of 128 KiB or more."""
    assert len(program_source(name).encode()) < LIMIT_BYTES


@pytest.mark.parametrize("file", sorted(INSIDE.rglob("*.py")), ids=lambda file: str(file.relative_to(INSIDE)))
def test_a_program_imports_only_itself_and_the_standard_library(file: Path) -> None:
    """Nothing else is where it runs; of its own files those of the same program."""
    found = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {
        name
        for node in found
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])
    }
    program = f"{PACKAGE}.{file.relative_to(INSIDE).parts[0]}."
    assert all(name.startswith(program) or name.partition(".")[0] in sys.stdlib_module_names for name in names)


def test_what_is_started_exists() -> None:
    """Every program that the harness asks for by name is one."""
    sources = "\n".join(path.read_text() for path in HARNESS.rglob("*.py"))
    asked = re.findall(r'program="(\w+)"|self\.start\(\s*"(\w+)"', sources)
    assert {one or other for one, other in asked} <= set(PROGRAMS)
    assert "observer" in PROGRAMS


def ran(source: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a program alone: isolated, so that nothing that is installed here helps."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", source, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_program_of_several_files_runs_alone() -> None:
    """Where nothing is installed the observer starts, finds that nobody is there and ends."""
    done = ran(program_source("observer"))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_carried_module_is_named_in_tracebacks() -> None:
    """What goes wrong inside says in which of its files; a package is what others lie below."""
    done = ran(program_source("observer"), "no number")
    assert "<chaoslab.inside.observer.__main__>" in done.stderr
    finder = Carried({"a": "", "a.b": "x = 1"})
    package, module, other = finder.find_spec("a"), finder.find_spec("a.b"), finder.find_spec("json")
    assert package is not None
    assert package.submodule_search_locations == []
    assert module is not None
    assert module.submodule_search_locations is None
    assert other is None
