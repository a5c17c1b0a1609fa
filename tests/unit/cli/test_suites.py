"""What the command line makes of suites, their names and their variables."""

import json
from pathlib import Path

import pytest

from chaoslab.__main__ import outcome
from chaoslab.cli.options import suite_files
from chaoslab.errors import InputError


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make scenarios/ and stress/ with one suite each."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOLD", raising=False)
    for folder, name in (("scenarios", "network"), ("stress", "cpu")):
        Path(folder).mkdir()
        short = {"id": f"{name}-1", "name": name, "toxic": "latency", "attributes": {"latency": 5}}
        value = {"name": name, "scenarios": [{**short, "duration_seconds": "${HOLD:-9}"}]}
        Path(folder, f"{name}.json").write_text(json.dumps(value))
    return tmp_path


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], ["scenarios", "stress"]),
        (["all"], ["scenarios", "stress"]),
        (["network"], ["scenarios/network.json"]),
        (["cpu", "network"], ["stress/cpu.json", "scenarios/network.json"]),
        (["stress"], ["stress"]),
        (["cpu", "all", "cpu"], ["stress/cpu.json", "scenarios", "stress"]),
        (["missing.json"], ["missing.json"]),
        (["no/such"], ["no/such"]),
    ],
)
def test_names(given: list[str], found: list[str]) -> None:
    """Names stand for suites of either folder, `all` for both; paths stay paths."""
    assert [str(path) for path in suite_files(tuple(map(Path, given)))] == found


def test_only_the_folders_that_are_there() -> None:
    """Without stress/ there is only scenarios/."""
    Path("stress/cpu.json").unlink()
    Path("stress").rmdir()
    assert suite_files(()) == (Path("scenarios"),)


def test_unknown_names_are_told_together() -> None:
    """Every name that stands for nothing is a problem, with the nearest one there is."""
    with pytest.raises(InputError) as caught:
        suite_files((Path("netwrok"), Path("gpu")))
    assert [problem.file for problem in caught.value.problems] == ["netwrok", "gpu"]
    assert caught.value.problems[0].remedy == 'did you mean "network"?'


def test_a_file_here_goes_before_a_name() -> None:
    """What exists under that very name is meant."""
    Path("network").mkdir()
    assert suite_files((Path("network"),)) == (Path("network"),)


def test_list_shows_both_folders(capsys: pytest.CaptureFixture[str]) -> None:
    """Without arguments scenarios and stress suites are listed alike."""
    assert outcome(["list"]) == 0
    said = capsys.readouterr().out
    assert "network-1" in said
    assert "cpu-1" in said


def test_settings_reach_the_suite(capsys: pytest.CaptureFixture[str]) -> None:
    """A value given by --set is in what the suite says; one that is wrong is told at its place."""
    assert outcome(["list", "network", "--set", "HOLD=3", "--json"]) == 0
    capsys.readouterr()
    assert outcome(["validate", "network", "--set", "HOLD=soon"]) == 2
    assert '$.scenarios[0].duration_seconds: must be a number, not "soon"' in capsys.readouterr().err


@pytest.mark.parametrize("text", ["HOLD", "=3", "1A=3", "a b=3"])
def test_what_is_no_setting(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--set without a name and a value is a usage error that shows one."""
    assert outcome(["list", "--set", text]) == 2
    assert "NAME=VALUE" in capsys.readouterr().err


def test_a_missing_overlay_is_found_by_validate(capsys: pytest.CaptureFixture[str]) -> None:
    """Validate tells an overlay that is not there, without compose or engine."""
    value = json.loads(Path("stress/cpu.json").read_text()) | {"overlays": ["compose/none.yml"]}
    Path("stress/cpu.json").write_text(json.dumps(value))
    assert outcome(["validate", "cpu"]) == 2
    assert "$.overlays[0]" in capsys.readouterr().err
