"""Ways of running suites, on the real lab: repeats, overlays, a pause after a FAIL, an abort from another terminal."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chaoslab.clock import SystemClock
from engine.lab_cli import Cli, containers, suite

SLOW = {"id": "R-001", "name": "Slow link", "toxic": "latency", "attributes": {"latency": 100}, "duration_seconds": 2}
IMPOSSIBLE = [{"measure": "samples", "of": "queen-health", "max": 0}]
EXTRA = """
services:
  extra:
    image: "chaoslab/redis:${CHAOSLAB_TAG:-TAG}"
    pull_policy: never
    networks: [lab]
    command: ["redis-server", "--save", "", "--dir", "/tmp"]
    labels: {chaoslab.chaos-ready: "true"}
"""
SOON_SECONDS = 60


def await_line(process: subprocess.Popen[str], said: str) -> None:
    """Read what a command prints until a line holds this."""
    assert process.stdout is not None
    deadline = SystemClock().now_ns() + SOON_SECONDS * 10**9
    lines = []
    while SystemClock().now_ns() < deadline and (line := process.stdout.readline()):
        lines.append(line)
        if said in line:
            return
    pytest.fail(f"no line with {said!r} within {SOON_SECONDS} s:\n{''.join(lines)}")


def verdicts(result: dict[str, Any]) -> list[tuple[str, str]]:
    """List a run's scenarios with their verdicts."""
    return [(scenario["id"], scenario["verdict"]) for scenario in result["scenarios"]]


def test_repeats_give_a_median_and_are_judged_alike_offline(cli: Cli, tmp_path: Path) -> None:
    """Three repeats of a crash all pass, with containers recreated in between, and `judge` finds the same numbers."""
    result = cli.chaos("--only", "WC-001", "--repeat", "3", check=0)
    assert [name for name, _verdict in verdicts(result)] == ["WC-001#1", "WC-001#2", "WC-001#3"]
    (repeats,) = result["repeats"]
    assert (repeats["id"], repeats["n"], repeats["flaky"]) == ("WC-001", 3, False)
    again = json.loads(cli.run("judge", str(cli.results / "latest"), "--json").out)
    assert again["repeats"] == result["repeats"]


def test_variables_are_recorded_and_used_again(cli: Cli, tmp_path: Path) -> None:
    """A number from --set decides the verdict, is in the manifest, and decides it again offline."""
    expect = [{"measure": "p95_ms", "of": "tasks", "phase": "during", "max": "${LIMIT:-10000}"}]
    path = suite(tmp_path, {**SLOW, "expect": expect})
    result = cli.chaos(path, "--set", "LIMIT=1", check=1)
    assert verdicts(result) == [("R-001", "FAIL")]
    manifest = json.loads((cli.results / "latest" / "manifest.json").read_text())
    assert manifest["suites"][0]["variables"] == [{"name": "LIMIT", "value": "1", "source": "--set"}]
    assert cli.run("judge", str(cli.results / "latest")).code == 1


def test_where_hits_the_leader_and_the_standby_takes_over(cli: Cli) -> None:
    """The killed trader is the one whose own metrics said that it led; afterwards the other one says so."""
    cli.chaos("--only", "LL-002", check=0)
    folder = cli.results / "latest"
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    (picked,) = [event["data"]["replicas"] for event in events if event["kind"] == "picked"]
    told = json.loads((folder / "metrics" / "LL-002.json").read_text())
    leaders = {
        phase: [name for name, values in replicas.items() if values.get("trader_is_leader") == 1]
        for phase, replicas in told.items()
    }
    assert leaders["before"] == picked
    assert len(leaders["after"]) == 1
    assert leaders["after"] != picked


def test_a_campaign_is_what_its_plan_says_and_is_judged_again_as_that(cli: Cli, tmp_path: Path) -> None:
    """What the seed draws is planned, injected, recorded and judged offline alike."""
    pause = {"type": "pause", "target": "any", "for_seconds": 3}
    drawn_from = {"pick": 2, "max_targets": 2, "gap_seconds": 1, "targets": ["mock-worker", "trader", "redis"]}
    scenario = {"id": "R-004", "name": "Campaign", "campaign": {**drawn_from, "faults": [pause]}}
    path = suite(tmp_path, {**scenario, "expect": [{"measure": "recovery_seconds", "max": 30}]})
    plan = json.loads(cli.run("plan", path, "--seed", "5", "--json", check=0).out)
    result = cli.chaos(path, "--seed", "5", check=0)
    steps = [entry["what"] for entry in plan["scenarios"][0]["timeline"] if entry["action"] == "inject"]
    proofs = result["scenarios"][0]["proofs"]
    assert [f"{proof['fault']} {proof['injected'].partition(':')[0]}" for proof in proofs] == steps
    again = json.loads(cli.run("judge", str(cli.results / "latest"), "--json").out)
    assert again["scenarios"][0]["verdict"] == "PASS"
    assert again["scenarios"][0]["proofs"] == proofs


def test_a_pause_after_a_fail_leaves_the_rest_not_run(cli: Cli, tmp_path: Path) -> None:
    """With PAUSE_ON_FAIL the first FAIL ends the run; the lab is clean."""
    path = suite(tmp_path, {**SLOW, "expect": IMPOSSIBLE}, {**SLOW, "id": "R-002"})
    result = Cli(cli.results, {"PAUSE_ON_FAIL": "1", "NONINTERACTIVE": "1"}).chaos(path, check=1)
    assert verdicts(result) == [("R-001", "FAIL"), ("R-002", "NOT RUN")]
    assert "R-001" in result["scenarios"][1]["reasons"][0]
    assert cli.run("status", check=0).out.startswith("clean")


def test_an_overlay_is_there_for_its_suite_and_gone_after(cli: Cli, tmp_path: Path) -> None:
    """A service that only the overlay has can be a target; after the run the lab is as its own compose file declares it."""
    from chaoslab import __version__

    (tmp_path / "extra.yml").write_text(EXTRA.replace("TAG}", f"{__version__}}}"))
    paused = {"id": "R-003", "name": "Pause", "faults": [{"type": "pause", "target": "extra", "for_seconds": 1}]}
    value = {"name": "overlaid", "overlays": ["extra.yml"], "scenarios": [paused]}
    (tmp_path / "overlaid.json").write_text(json.dumps(value))
    result = cli.chaos(suite(tmp_path, SLOW), str(tmp_path / "overlaid.json"), check=0)
    assert verdicts(result) == [("R-001", "PASS"), ("R-003", "PASS")]
    assert not [name for name in containers() if "extra" in name]
    assert cli.run("status", check=0).out.startswith("clean")
    again = json.loads(cli.run("judge", str(cli.results / "latest"), "--json").out)
    assert verdicts(again) == verdicts(result)


def test_abort_ends_a_run_from_another_terminal(cli: Cli, tmp_path: Path) -> None:
    """The run ends as by Ctrl-C, everything undone, and abort waits for it; with nothing running it says so."""
    assert "nothing to abort" in cli.run("abort", check=0).out
    path = suite(tmp_path, {**SLOW, "duration_seconds": 60})
    process = cli.start("run", path, "--profile", "full", "--results", str(cli.results))
    await_line(process, "hold")
    assert "asked to stop" in cli.run("abort", check=0).out
    process.communicate(timeout=SOON_SECONDS)
    assert process.returncode == 130
    assert cli.run("status", check=0).out.startswith("clean")


def test_the_self_test_catches_a_bug(cli: Cli) -> None:
    """A lab with a bug fails the scenario named for it and passes five others; the lab is healthy after."""
    done = cli.run("selftest", "--only", "no-retry", "--results", str(cli.results), check=0)
    assert "1 of 1 bugs caught" in done.out
    (folder,) = cli.results.glob("selftest_*")
    (bug,) = json.loads((folder / "selftest.json").read_text())["bugs"]
    assert [cell["outcome"] for cell in bug["cells"]] == ["caught", *["passed"] * 5]
    assert cli.run("status", check=0).out.startswith("clean")
