"""What an application's own hook did, after its run was killed: the journal knows it, and nothing else does."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.accident import held, kill_with_guard, until
from engine.lab_cli import PROJECT, ROOT, Cli, containers, docker, suite

SHORT = {"type": "toxic", "link": "hive-proxy", "toxic": "latency", "attributes": {"latency": 100}, "for_seconds": 3}
HOOK = {
    "type": "http", "service": "mock-worker", "path": "/vram", "body": {"percent": 60}, "for_seconds": 60,
    "undo": {"path": "/vram", "body": {"percent": 0}},
}  # fmt: skip
LEVEL = "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:9301/vram').read().decode())"


def without_vram(folder: Path) -> tuple[str, ...]:
    """Name the compose files of a lab that does not declare its VRAM ledgers: what is in them is the application's own affair."""
    declared = subprocess.run(
        ["docker", "compose", "-f", "compose/lab.yml", "config", "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    block = json.loads(declared)["x-chaoslab"]
    del block["vram"]
    (folder / "without-vram.json").write_text(json.dumps({"x-chaoslab": block}))
    return ("-f", "compose/lab.yml", "-f", str(folder / "without-vram.json"))


def levels() -> list[float]:
    """Ask every worker inside its container how full its VRAM is; those above zero, independent of the harness."""
    asked = [json.loads(docker("exec", name, "python3", "-c", LEVEL)) for name in containers() if "mock-worker" in name]
    return [one["percent"] for one in asked if one["percent"]]


@pytest.mark.parametrize("how", ["guard", "recover", "run"])
def test_after_sigkill_a_hooks_own_value_is_back(cli: Cli, tmp_path: Path, how: str) -> None:
    """What an application's hook did shows in no comparison; guard, recover and the next run read it in the journal, once."""
    files = without_vram(tmp_path)
    process = held(cli, tmp_path, HOOK, more=files)
    assert levels() == [60.0]
    if how == "guard":
        process.kill()
    else:
        kill_with_guard(process)
    process.communicate()
    if how == "guard":
        until(lambda: levels() == [], 40, "the guard's request")
        until(lambda: docker("ps", "-aq", "--filter", f"label=chaoslab.helper={PROJECT}") == "", 40, "the guard's end")
    else:
        assert levels() == [60.0]
        told = cli.run("status", *files, "--results", str(cli.results), check=5)
        assert "did not undo it: POST /vram" in told.said
    if how == "run":
        cli.chaos(suite(tmp_path, {"id": "A-003", "name": "Next", "faults": [SHORT]}), *files, check=0)
    else:
        done = cli.run("recover", *files, "--results", str(cli.results), check=0)
        assert ("http_request" in done.out) == (how == "recover")
    assert levels() == []
    assert "http_request" not in cli.run("recover", *files, "--results", str(cli.results), check=0).out


def test_without_its_journal_nothing_is_claimed_about_a_hook(cli: Cli, tmp_path: Path) -> None:
    """Results gone: recover sends nothing and says only that the lab is as declared; with the ledger declared, it is seen."""
    files = without_vram(tmp_path)
    kill_with_guard(process := held(cli, tmp_path, HOOK, more=files))
    process.communicate()
    shutil.rmtree(cli.results)
    done = cli.run("recover", *files, "--results", str(cli.results), check=0)
    assert "as its compose files declare it" in done.out
    assert levels() == [60.0]
    cli.run("recover", "--results", str(cli.results), check=0)
    assert levels() == []
