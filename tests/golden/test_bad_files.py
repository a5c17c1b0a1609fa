"""One file per bad input: what the file holds, and word for word what a user is told.

A case is `# sentence`, `--- input`, the file's text, `--- told`, the problems. After `--- input`: `(escaped)` reads the
text as Python escapes of bytes, `(times N)` repeats it, `(no newline)` leaves the last line's end out.
CHAOSLAB_GOLDEN=write writes what is told now into the cases, for review.
"""

import json
import os
import re
from pathlib import Path

import pytest

from chaoslab.errors import InputError
from chaoslab.faults.catalog import spec_types
from chaoslab.model.vocabulary import Vocabulary
from chaoslab.parse import lab_spec, parse_suites
from chaoslab.plan import Selection, make_plan
from chaoslab.verdict.measures import measure_specs

HERE = Path(__file__).parent
CASES = sorted((HERE / "bad_files").glob("*.case"))
RECORDED = HERE.parent / "recorded" / "compose-config-2.26.json"
CASE = re.compile(
    r"# (?P<sentence>.+)\n--- input(?: \((?P<how>[^)]*)\))?\n(?P<input>.*)--- told\n(?P<told>.*)", re.DOTALL
)


def content(how: str | None, text: str) -> bytes:
    """Make the bytes of the bad file."""
    if how is None:
        return text.encode()
    text = text.removesuffix("\n")
    if how == "escaped":
        return text.encode().decode("unicode_escape").encode("latin-1")
    if how.startswith("times "):
        return text.encode() * int(how.removeprefix("times "))
    assert how == "no newline"
    return text.encode()


def told_about(path: Path) -> str:
    """Parse and plan one file as `chaoslab plan` does, and return what a user is told."""
    lab = lab_spec(json.loads(RECORDED.read_text()), "compose/lab.yml")
    try:
        suites = parse_suites([path], Vocabulary(spec_types(), measure_specs()))
        make_plan(suites, lab, "quick", 1, Selection())
    except InputError as error:
        return f"{error}\n".replace(str(path), "bad.json")
    return "nothing is wrong\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_bad_file(path: Path, tmp_path: Path) -> None:
    """A bad file is told about exactly as its case says."""
    case = CASE.fullmatch(path.read_text())
    assert case, "not a case: see this module's docstring"
    bad = tmp_path / "bad.json"
    bad.write_bytes(content(case["how"], case["input"]))
    told = told_about(bad)
    if os.environ.get("CHAOSLAB_GOLDEN") == "write":
        path.write_text(path.read_text()[: case.start("told")] + told)
        # A file that was just written agrees with itself: passing would claim a comparison that was never made.
        pytest.skip("written, not compared: review the difference")
    assert told == case["told"]
    assert told != "nothing is wrong\n"


def test_there_are_cases() -> None:
    """Every kind of bad input that issue 3 names has a case of its own."""
    named = (
        "unknown-key wrong-type misspelt-attribute duplicate-id duplicate-key nan negative-time bad-json not-utf-8 empty"
        " deep-nesting control-characters unknown-target unknown-link"
    )
    assert set(named.split()) <= {path.stem for path in CASES}
