"""What the program promises to show, on the real lab."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.lab_cli import ROOT, Cli, docker, suite

SHORT_LATENCY = {
    "id": "X-011",
    "name": "Slow link",
    "toxic": "latency",
    "attributes": {"latency": 200},
    "duration_seconds": 3,
}


def found(result: dict[str, Any], scenario: str) -> dict[str, Any]:
    """Pick one scenario's result."""
    return next(one for one in result["scenarios"] if one["id"] == scenario)


def test_the_quick_suites_give_ten_proven_verdicts(cli: Cli) -> None:
    """All ten scenarios pass on the healthy lab, each with a proof that has a number and a recovery that is one or says why not."""
    result = cli.chaos(check=0)
    assert [scenario["id"] for scenario in result["scenarios"]] == [f"NF-00{n}" for n in range(1, 6)] + [
        f"WC-00{n}" for n in range(1, 6)
    ]
    for scenario in result["scenarios"]:
        assert scenario["verdict"] in ("PASS", "WARN"), scenario["reasons"]
        assert scenario["proofs"]
        assert all(proof["proven"] and proof["measured"] is not None for proof in scenario["proofs"]), scenario[
            "proofs"
        ]
        assert scenario["recovery"] in ("recovered", "rode_out")
        assert (scenario["time_to_recover_ms"] is not None) == (scenario["recovery"] == "recovered")
        assert scenario["error_ms" if scenario["recovery"] == "recovered" else "longest_outage_ms"] is not None
        assert all(undo["clean"] for undo in scenario["undo"])
    folder = cli.results / "latest"
    assert {
        "manifest.json",
        "events.jsonl",
        "samples.jsonl",
        "journal.jsonl",
        "result.json",
        "junit.xml",
        "summary.md",
    } <= {path.name for path in folder.iterdir()}
    again = json.loads(cli.run("judge", str(folder), "--json").out)
    assert [one["verdict"] for one in again["scenarios"]] == [one["verdict"] for one in result["scenarios"]]
    assert cli.run("status", check=0).out.startswith("clean")


@pytest.mark.parametrize(
    ("bug", "scenario"),
    [("no-retry", "WC-001"), ("no-timeout", "NF-001"), ("no-reconnect", "NF-005"), ("zombie-worker", "WC-001")],
)
def test_each_known_bug_is_caught_by_a_fail_with_a_number(cli: Cli, bug: str, scenario: str) -> None:
    """A lab with one resilience mechanism taken out fails the scenario named for it, and the reason holds a number."""
    result = Cli(cli.results, {"LAB_BUGS": bug}).chaos("--only", scenario, check=1)
    one = found(result, scenario)
    assert one["verdict"] == "FAIL"
    assert any(character.isdigit() for character in one["reasons"][0]), one["reasons"]


def test_an_eleventh_scenario_needs_no_code(cli: Cli, tmp_path: Path) -> None:
    """A short-form scenario in a file of its own runs on the default link."""
    result = cli.chaos(suite(tmp_path, SHORT_LATENCY), check=0)
    (proof,) = found(result, "X-011")["proofs"]
    assert proof["proven"]
    assert 190 <= proof["measured"] <= 300
    assert "hive-proxy" in proof["injected"]


def test_a_bandwidth_of_zero_is_reported_as_the_stall_it_is(cli: Cli, tmp_path: Path) -> None:
    """What calls itself packet loss but is bandwidth 0 runs, and the result says that it was a stall."""
    scenario = {
        "id": "X-012",
        "name": "Packet loss",
        "toxic": "bandwidth",
        "attributes": {"rate": 0},
        "duration_seconds": 3,
    }
    result = cli.chaos(suite(tmp_path, scenario))
    (proof,) = found(result, "X-012")["proofs"]
    assert proof["proven"], proof
    assert "stall" in proof["injected"]


def test_a_link_that_nobody_uses_proves_nothing(cli: Cli, tmp_path: Path) -> None:
    """A toxic on a link without client traffic is INCONCLUSIVE, exit 3, and says so."""
    block = json.loads(docker("compose", "-f", str(ROOT / "compose/lab.yml"), "config", "--format", "json"))[
        "x-chaoslab"
    ]
    block["links"]["spare-proxy"] = block["links"]["hive-proxy"] | {"client": "redis", "listen": "[::]:9300"}
    override = tmp_path / "spare.yml"
    override.write_text(json.dumps({"x-chaoslab": block}))
    scenario = {
        "id": "X-013",
        "name": "Unused",
        "link": "spare-proxy",
        "toxic": "latency",
        "attributes": {"latency": 200},
        "duration_seconds": 3,
    }
    try:
        result = cli.chaos("-f", str(ROOT / "compose/lab.yml"), "-f", str(override), suite(tmp_path, scenario), check=3)
    finally:
        docker("restart", "-t", "1", "chaoslab-lab-toxiproxy-1")
    one = found(result, "X-013")
    assert one["verdict"] == "INCONCLUSIVE"
    assert "no client traffic crossed spare-proxy" in " ".join(one["reasons"])


def test_a_target_that_is_down_already_proves_nothing(cli: Cli, tmp_path: Path) -> None:
    """A crash of what an earlier fault of the scenario has stopped is INCONCLUSIVE, and says that the target was exited."""
    faults = [
        {"type": "stop", "target": "rbee-hive", "for_seconds": 3},
        {"type": "crash", "target": "rbee-hive", "at_seconds": 1.5},
    ]
    result = cli.chaos(
        suite(
            tmp_path,
            {"id": "X-014", "name": "Twice down", "faults": faults, "expect": [{"measure": "lost", "max": 100}]},
        ),
        check=3,
    )
    assert found(result, "X-014")["verdict"] == "INCONCLUSIVE"
    assert "rbee-hive[1] is exited" in " ".join(found(result, "X-014")["reasons"])


def test_plan_needs_no_engine() -> None:
    """Plan prints targets, timeline, worst case and undo with an engine address where nothing listens."""
    done = Cli(Path("/nowhere"), {"DOCKER_HOST": "tcp://127.0.0.1:9"}).run("plan", "scenarios/", check=0)
    assert "NF-001" in done.out
    for word in ("targets", "undo", "worst case", "revert"):
        assert word in done.out


def test_what_status_prints_for_programs_is_json(cli: Cli) -> None:
    """Status --json is one JSON document."""
    assert json.loads(cli.run("status", "--json", check=0).out) == {"clean": True, "differences": []}
