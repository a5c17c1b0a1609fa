"""Load on the real lab: a knee and six verdicts, any script, and every way in which it can go wrong."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.lab_cli import PROJECT, Cli, docker

SCRIPT = """
import http from 'k6/http';
import { sleep } from 'k6';
export const options = { vus: 5, duration: '%s', thresholds: { http_req_duration: ['p(95)<%d'] } };
export default function () {
  const body = JSON.stringify({ model: 'tiny', prompt: 'hello', max_tokens: 4 });
  http.post(`${__ENV.BASE_URL}/v2/tasks`, body, { headers: { Authorization: 'Bearer abc', 'Content-Type': 'application/json' } });
  sleep(0.1);
}
"""
STARTED_SECONDS = 90.0


def load(cli: Cli, *arguments: str, check: int) -> dict[str, Any]:
    """Run load and return result.json."""
    done = cli.run("load", *arguments, "--results", str(cli.results), check=check)
    return cli.latest(done)


def script(folder: Path, text: str) -> str:
    """Write a script and return its path."""
    path = folder / "their.js"
    path.write_text(text)
    return str(path)


def left() -> list[str]:
    """List what a run may have left beside the lab's own containers."""
    return docker("ps", "--all", "--filter", f"label=chaoslab.helper={PROJECT}", "--format", "{{.Names}}").split()


def k6_containers() -> list[str]:
    """List running containers of k6."""
    return docker("ps", "--filter", "label=chaoslab.helper", "--format", "{{.ID}} {{.Image}}").splitlines()


def under_way(cli: Cli, path: str) -> tuple[subprocess.Popen[str], str]:
    """Start a script and wait until its k6 has told its first requests; returns the process and k6's container."""
    process = cli.start("load", path, "--results", str(cli.results))

    told = cli.results / "latest" / "load" / "their" / "requests.jsonl"
    until(lambda: told.exists() and '"rows":[[' in told.read_text())
    return process, next(one.split()[0] for one in k6_containers() if "/k6:" in one)


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, at most STARTED_SECONDS."""
    deadline = time.monotonic() + STARTED_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_quick_gives_a_knee_and_six_verdicts_in_six_minutes(cli: Cli) -> None:
    """All seven pass on the healthy lab, each with its numbers, files and picture; judged again they are the same."""
    began = time.monotonic()
    result = load(cli, check=0)
    assert time.monotonic() - began < 360
    assert len(result["scenarios"]) == 7
    knee = result["scenarios"][0]["pattern"]["breaking"]
    assert knee["broke"]
    assert knee["knee_rate"] > 50
    folder = cli.results / "latest"
    for one in result["scenarios"]:
        assert one["verdict"] in ("PASS", "WARN"), one["reasons"]
        assert one["pattern"]["whole"]["requests"] > 100
        assert {"requests.jsonl", "k6.log", "summary.json", "picture.svg"} <= {
            path.name for path in (folder / "load" / one["id"]).iterdir()
        }
    assert (folder / "load.html").stat().st_size > 10_000
    again = json.loads(cli.run("judge", str(folder), "--json", check=0).out)
    assert again["scenarios"] == result["scenarios"]
    assert cli.run("status", check=0).out.startswith("clean")


@pytest.mark.parametrize(("limit_ms", "code"), [(5000, 0), (1, 1)])
def test_any_script_runs_unchanged_and_its_thresholds_decide(
    cli: Cli, tmp_path: Path, limit_ms: int, code: int
) -> None:
    """A public kind of script is told where the lab is; a crossed threshold of its own is a FAIL that names it."""
    result = load(cli, script(tmp_path, SCRIPT % ("3s", limit_ms)), check=code)
    (one,) = result["scenarios"]
    assert one["pattern"]["outcomes"].keys() == {"200"}
    assert one["pattern"]["by_name"][0]["name"] == "POST /v2/tasks"
    assert not one["reasons"] or f"p(95)<{limit_ms}" in one["reasons"][0]
    assert left() == []


@pytest.mark.parametrize(
    "text",
    [
        "export default function () { let ",
        "import './none.js'; export default function () {}",
        "throw new Error('odd');",
    ],
    ids=["syntax", "import", "thrown"],
)
def test_a_script_with_an_error_is_bad_input(cli: Cli, tmp_path: Path, text: str) -> None:
    """Exit 2 with the script's name and k6's words; the lab stays clean."""
    (one,) = load(cli, script(tmp_path, text), check=2)["scenarios"]
    assert "their.js has an error" in one["reasons"][0]
    assert left() == []
    assert cli.run("status", check=0).out.startswith("clean")


def test_a_killed_k6_is_an_error_and_leaves_nothing(cli: Cli, tmp_path: Path) -> None:
    """Exit 4, what happened is said, and the requests so far are kept."""
    process, container = under_way(cli, script(tmp_path, SCRIPT % ("60s", 5000)))
    docker("kill", container)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 4, out + err
    assert "k6 was killed" in out
    assert cli.latest()["scenarios"][0]["pattern"]["whole"]["requests"] > 0
    assert left() == []
    assert cli.run("status", check=0).out.startswith("clean")


def test_ctrl_c_ends_the_load_and_leaves_nothing(cli: Cli, tmp_path: Path) -> None:
    """Exit 130, reports written, no container left."""
    process, _container = under_way(cli, script(tmp_path, SCRIPT % ("60s", 5000)))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "interrupted" in cli.latest()["scenarios"][0]["reasons"][0]
    assert left() == []
    assert cli.run("status", check=0).out.startswith("clean")


def test_a_harness_that_is_killed_leaves_no_load(cli: Cli, tmp_path: Path) -> None:
    """After SIGKILL of the harness k6 ends by itself, and the next command cleans up what is left."""
    process, container = under_way(cli, script(tmp_path, SCRIPT % ("60s", 5000)))
    process.kill()
    process.communicate()
    until(lambda: not any(container in one for one in k6_containers()))
    cli.run("recover", check=0)
    assert left() == []
