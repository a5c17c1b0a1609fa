"""The command line without an engine: help, usage errors, bad input."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chaoslab.__main__ import outcome
from chaoslab.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = {"DOCKER_HOST": "tcp://127.0.0.1:9"}


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Point at an address where no engine listens, in a folder of its own."""
    monkeypatch.setenv("DOCKER_HOST", NOWHERE["DOCKER_HOST"])
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help of each command exits 0, shows its usage and its summary's subject."""
    assert outcome([name, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Usage: chaoslab {name}" in said
    assert len(said.splitlines()) > 4


@pytest.mark.parametrize(
    "name", ["list", "validate", "status", "recover", "judge", "doctor", "plan", "run", "load", "all"]
)
def test_every_command_with_a_table_has_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What prints a table can print JSON."""
    outcome([name, "--help"])
    assert "--json" in capsys.readouterr().out


def test_help_lists_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """The group's help names all commands and what the exit codes mean."""
    assert outcome(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(re.search(rf"^  {name}\b", said, re.MULTILINE) for name in COMMANDS)
    assert "130 interrupted" in said


def test_help_imports_none_of_the_heavy_libraries() -> None:
    """--help stays quick: no pydantic, docker, requests, rich or python_on_whales is imported for it."""
    code = "import sys; from chaoslab.__main__ import outcome; outcome(['--help']); print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "harness")},
    )
    assert "click" in done.stdout.splitlines()
    assert not {"pydantic", "docker", "requests", "rich", "python_on_whales", "tabulate"} & set(
        done.stdout.splitlines()
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "Did you mean 'run'?"),
        (["run", "--profil", "full"], "--profile"),
        (["run", "--profile", "fast"], "'quick', 'full'"),
        (["judge", "--fast"], "No such option"),
    ],
)
def test_wrong_usage_is_exit_2_with_a_hint(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Usage errors name what was meant, without a traceback."""
    assert outcome(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_bad_suite_is_exit_2_before_an_engine_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run reads files first: with no engine at all, the file's problems are what is said."""
    (tmp_path / "bad.json").write_text('{"name": "x", "scenarios": [{"id": "A", "name": "a", "faultz": []}]}')
    assert outcome(["run", "bad.json"]) == 2
    said = capsys.readouterr().err
    assert "faultz" in said
    assert "faults" in said


def test_validate_tells_programs_every_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Validate --json lists problems with file, path, message and remedy."""
    (tmp_path / "bad.json").write_text(
        '{"name": "x", "scenarios": [{"id": "A", "name": "a", "toxic": "latency", "attributes": {"latancy": 5}}]}'
    )
    assert outcome(["validate", "bad.json", "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert found["valid"] is False
    assert any("latancy" in problem["message"] and problem["file"] == "bad.json" for problem in found["problems"])


def test_a_missing_compose_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Plan without a compose file says which it looked for and how to name one."""
    suite = {"name": "x", "scenarios": [{"id": "A", "name": "a", "toxic": "latency", "attributes": {"latency": 5}}]}
    (tmp_path / "ok.json").write_text(json.dumps(suite))
    assert outcome(["plan", "ok.json"]) == 4
    said = capsys.readouterr().err
    assert "compose.yaml" in said
    assert "--compose-file" in said


def test_judging_what_is_no_run_is_an_error_with_a_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Judge on a folder without a manifest says what to name instead."""
    assert outcome(["judge", str(tmp_path)]) == 4
    assert "results/" in capsys.readouterr().err


def test_schema_prints_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """All schemas are JSON documents that say which dialect they are in."""
    for what in ("suite", "patterns", "result"):
        assert outcome(["schema", what]) == 0
        assert "json-schema.org" in json.loads(capsys.readouterr().out)["$schema"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["load", "inference-lod"],
            'inference-lod: there is no such pattern or script (did you mean "inference-load"?)',
        ),
        (["load", "none.js"], "none.js: there is no such script"),
        (["load", "none.json"], "none.json: cannot be read"),
        (["load", "one.json", "two.json"], "2 pattern files are named"),
        (["load", "sustained-load", "--users", "5"], "sustained-load: has no users to set"),
        (["load", "knee", "--set", "TOP_RATE=many"], "--set: TOP_RATE: must be a number"),
        (["load", "knee", "--users", "0"], "0 is not in the range"),
        (["all", "--skip", "laod"], "'laod' is not one of"),
    ],
)
def test_what_cannot_be_loaded_is_exit_2_before_an_engine_is_asked_for(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unknown patterns, missing scripts and sizes that are none are named; nothing is started."""
    monkeypatch.chdir(ROOT)
    assert outcome(arguments) == 2
    assert said in capsys.readouterr().err


def test_load_outside_a_checkout_says_what_to_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Without k6/patterns.json here there is nothing to run by name."""
    assert outcome(["load"]) == 2
    assert "name a pattern file (*.json) or a k6 script (*.js)" in capsys.readouterr().err
