"""The program as a user runs it, in a process of its own, on the real lab."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROJECT = os.environ.get("COMPOSE_PROJECT_NAME", "chaoslab-lab")
LONGEST_SECONDS = 400


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything it said."""
        return self.out + self.err


@dataclass(frozen=True)
class Cli:
    """Runs `chaoslab` with a results folder."""

    results: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, **popen: Any) -> subprocess.Popen[str]:
        """Start a command and return at once."""
        return subprocess.Popen(
            [sys.executable, "-m", "chaoslab", *arguments],
            cwd=ROOT,
            env=os.environ | self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **popen,
        )

    def run(self, *arguments: str, check: int | None = None) -> Done:
        """Run a command to its end; `check` is the exit code it must have."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=LONGEST_SECONDS)
        done = Done(process.returncode, out, err)
        assert "Traceback" not in done.said, done.said
        if check is not None:
            assert done.code == check, f"exit {done.code}, expected {check}\n{done.said}"
        return done

    def chaos(self, *arguments: str, check: int | None = None) -> dict[str, Any]:
        """Run suites and return result.json."""
        done = self.run("run", *arguments, "--results", str(self.results))
        result = self.latest(done)
        if check is not None:
            reasons = [(scenario["id"], scenario["verdict"], scenario["reasons"]) for scenario in result["scenarios"]]
            assert result["exit_code"] == done.code == check, f"{reasons}\n{done.said}"
        return result

    def latest(self, done: Done | None = None) -> dict[str, Any]:
        """Read the newest run's result.json."""
        path = self.results / "latest" / "result.json"
        assert path.exists(), done.said if done else f"no {path}"
        found = json.loads(path.read_text())
        assert isinstance(found, dict)
        return found


def suite(folder: Path, *scenarios: dict[str, Any]) -> str:
    """Write a suite file and return its path."""
    path = folder / "suite.json"
    path.write_text(json.dumps({"name": "test", "scenarios": list(scenarios)}))
    return str(path)


def containers(*more: str, project: str = PROJECT) -> list[str]:
    """Name the lab's running containers."""
    done = subprocess.run(
        ["docker", "ps", "--filter", f"label=com.docker.compose.project={project}", "--format", "{{.Names}}", *more],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def docker(*arguments: str) -> str:
    """Run the docker client and return what it says."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout.strip()


def toxics() -> dict[str, list[str]]:
    """Ask the lab's Toxiproxy, by its published port, which toxics each proxy has; independent of the harness."""
    import requests

    port = docker("port", f"{PROJECT}-toxiproxy-1", "8474/tcp").splitlines()[0].rpartition(":")[2]
    proxies = requests.get(f"http://127.0.0.1:{port}/proxies", timeout=5).json()
    return {name: [toxic["name"] for toxic in proxy["toxics"]] for name, proxy in proxies.items()}
