"""Load beside faults, on the real lab with the real k6: phases judged apart, thresholds that stop, k6 and scripts that fail."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.accident import is_clean, until
from engine.lab_cli import PROJECT, Cli, docker, suite

BUDGET = 0.25
"""Share of requests that may fail."""
QUICK_USERS = {"THINK_MIN_SECONDS": 0.2, "THINK_MAX_SECONDS": 0.4}
LOAD = {"script": "inference-load.js", "vus": 20, "env": QUICK_USERS}
DOOR_SHUT = {"type": "proxy_down", "link": "queen-proxy", "for_seconds": 5}
ALL_LOST = {"measure": "lost", "max": 10_000}


def scenario(**keys: Any) -> dict[str, Any]:
    """Make a scenario with load."""
    return {"id": "L-001", "name": "Under load", "load": LOAD, "faults": [DOOR_SHUT], "expect": [ALL_LOST], **keys}


def k6_containers() -> list[str]:
    """List the lab's k6 containers."""
    images = docker("ps", "--filter", f"label=chaoslab.helper={PROJECT}", "--format", "{{.ID}} {{.Image}}").splitlines()
    return [line.split()[0] for line in images if "/k6:" in line]


def test_an_outage_breaks_the_budget_of_its_phase_though_the_whole_run_keeps_it(cli: Cli, tmp_path: Path) -> None:
    """Five seconds in some forty: nearly every request of the phase fails, and a whole-run threshold would have passed."""
    asked = [
        {"measure": "error_rate", "of": "load", "phase": phase, "max": BUDGET}
        for phase in ("before", "during", "after")
    ]
    file = suite(tmp_path, scenario(baseline_seconds=25, stable_seconds=10, expect=[*asked, ALL_LOST]))
    result = cli.chaos(file, "--profile", "full", check=1)
    [one] = result["scenarios"]
    assert one["verdict"] == "FAIL"
    assert [found["met"] for found in one["expectations"]] == [True, False, True, True], one["expectations"]
    during = one["expectations"][1]
    assert during["observed"] > 0.8
    assert during["n"] > 100
    whole = one["under_load"]["phases"]["whole"]
    assert 0 < whole["error_rate"] <= BUDGET
    assert "load error_rate during was" in one["reasons"][0]
    again = json.loads(cli.run("judge", str(cli.results / "latest"), "--json").out)["scenarios"]
    assert [scenario["expectations"] for scenario in again] == [one["expectations"]]
    assert [scenario["under_load"] for scenario in again] == [one["under_load"]]
    kept = {path.name for path in (cli.results / "latest" / "load" / "L-001").iterdir()}
    assert {"inference-load.js", "k6.log", "summary.json"} <= kept
    assert k6_containers() == []
    is_clean(cli)


def test_a_threshold_of_the_load_ends_the_scenario(cli: Cli, tmp_path: Path) -> None:
    """Errors above a limit for two seconds revert the fault long before its time."""
    stop = {"measure": "error_rate", "of": "load", "above": 0.5, "for_seconds": 2}
    fault = {**DOOR_SHUT, "for_seconds": 60}
    result = cli.chaos(suite(tmp_path, scenario(faults=[fault], abort_when=[stop])), "--profile", "full", check=1)
    [one] = result["scenarios"]
    assert one["reasons"][0].startswith("stopped by abort_when: load error_rate was ")
    assert one["wall_seconds"] < 40
    is_clean(cli)


def test_a_k6_that_is_killed_is_said_and_everything_is_undone(cli: Cli, tmp_path: Path) -> None:
    """Exit 4 with what happened to k6, and a clean lab."""
    fault = {**DOOR_SHUT, "for_seconds": 60}
    process = cli.start(
        "run", suite(tmp_path, scenario(faults=[fault])), "--profile", "full", "--results", str(cli.results)
    )
    events = cli.results / "latest" / "events.jsonl"
    until(lambda: events.exists() and '"injected"' in events.read_text(), 90, "the injection")
    [container] = k6_containers()
    docker("kill", container)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 4, out + err
    assert "Traceback" not in out + err
    [one] = cli.latest()["scenarios"]
    assert one["verdict"] == "ERROR"
    assert "k6" in one["reasons"][0]
    assert [undo["clean"] for undo in one["undo"]] == [True]
    is_clean(cli)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("export default function () { let }", "SyntaxError"),
        ("import http from 'k6/http'; import { no } from './no.js'; export default function () {}", "no.js"),
        ("export function setup() { throw new Error('no key') } export default function () {}", "no key"),
    ],
    ids=["syntax", "import", "setup"],
)
def test_a_script_with_an_error_is_bad_input(cli: Cli, tmp_path: Path, script: str, said: str) -> None:
    """Exit 2 with the script's own error; no fault was injected."""
    (tmp_path / "wrong.js").write_text(script)
    result = cli.chaos(suite(tmp_path, scenario(load={"script": "wrong.js", "vus": 1})), check=2)
    [one] = result["scenarios"]
    assert (one["verdict"], one["bad_input"], one["proofs"]) == ("ERROR", True, [])
    assert said in one["reasons"][0]
    is_clean(cli)
