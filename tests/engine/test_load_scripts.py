"""Our load scripts on the real lab, small: they ask what they say, as many at once as they say, and everything is answered."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from chaoslab.errors import ScriptError
from chaoslab.tools.endpoint import resolve
from chaoslab.tools.engine import Engine
from chaoslab.tools.k6 import K6, K6Ended, K6Job
from engine.k6_lab import IMAGE, Run
from engine.lab_cli import PROJECT

pytestmark = pytest.mark.engine
SCRIPTS = Path(__file__).parents[2] / "k6"
TASK, LOGIN, REFRESH, VERIFY = "POST /v2/tasks", "POST /auth/login", "POST /auth/refresh", "GET /admin/jwt/status"
SPIKES = {"BASE_SECONDS": "1", "RISE_SECONDS": "0.5", "PEAK_SECONDS": "1", "FALL_SECONDS": "0.5", "REST_SECONDS": "1"}
HILL = {"BASE_SECONDS": "1", "RAMP_SECONDS": "1", "HOLD_SECONDS": "2", "DOWN_SECONDS": "1", "REST_SECONDS": "1"}
THOUGHT = {"THINK_MIN_SECONDS": "0.1", "THINK_MAX_SECONDS": "0.2"}


class Scripts:
    """Runs them one after the other."""

    def __init__(self) -> None:
        self.engine = Engine(resolve())
        self.runs: list[Run] = []

    def run(self, name: str, environment: dict[str, str]) -> tuple[Run, K6Ended]:
        """Run one to its end, its thresholds included."""
        run = Run()
        job = K6Job(
            project=PROJECT,
            network=f"{PROJECT}_lab",
            image=IMAGE,
            script=SCRIPTS / f"{name}.js",
            environment={"BASE_URL": "http://toxiproxy:8080", **environment},
            limit_seconds=60,
        )
        run.k6 = K6.start(self.engine, job, run.batches.append, run.log.append)
        self.runs.append(run)
        return run, run.end()


@pytest.fixture
def scripts(lab: None) -> Iterator[Scripts]:
    """On the lab; no k6 is left."""
    scripts = Scripts()
    yield scripts
    for run in scripts.runs:
        assert run.k6 is not None
        run.k6.close()


@pytest.mark.parametrize(
    ("name", "environment", "users", "asked"),
    [
        ("inference-load", {**HILL, **THOUGHT, "BASE_USERS": "2", "USERS": "8"}, [8], {TASK}),
        ("stress-test", {**HILL, "START_USERS": "2", "USERS": "8"}, [8], {TASK}),
        (
            "spike-test",
            {**SPIKES, **THOUGHT, "BASE_USERS": "2", "PEAK_USERS": "6", "SECOND_PEAK_USERS": "9"},
            [9],
            {TASK},
        ),
        ("spike-load", {**SPIKES, "BASE_RATE": "5", "PEAK_RATE": "20"}, range(1, 21), {TASK}),
        (
            "sustained-load",
            {"RATE": "40", "HOLD_SECONDS": "4"},
            range(1, 41),
            {TASK, VERIFY, LOGIN, "GET /health", "GET /admin/agents"},
        ),
        (
            "jwt-stress",
            {
                "START_USERS": "2",
                "USERS": "5",
                "RAMP_SECONDS": "1",
                "HOLD_SECONDS": "3",
                "DOWN_SECONDS": "1",
                **THOUGHT,
            },
            [5],
            {LOGIN, REFRESH, VERIFY, "GET /admin/jwt/keys", "GET /admin/api-keys"},
        ),
        (
            "knee",
            {"START_RATE": "10", "TOP_RATE": "40", "STEP_FACTOR": "2", "STEP_SECONDS": "1", "VUS": "20"},
            range(1, 21),
            {TASK},
        ),
    ],
)
def test_a_script_asks_what_it_says(
    scripts: Scripts, name: str, environment: dict[str, str], users: Sequence[int], asked: set[str]
) -> None:
    """Its requests, its users at most (at a rate: as many as are needed), no errors; the summary is ours and no threshold is crossed."""
    run, ended = scripts.run(name, environment)
    ended.check()
    assert {row.name for row in run.rows} == asked
    assert [row for row in run.rows if not row.accepted and not row.shed] == []
    assert max(batch.vus for batch in run.batches) in users
    assert ended.exit_code == 0, ended.log
    assert any(line.startswith("accepted ") for line in run.log)


def test_rates_are_kept(scripts: Scripts) -> None:
    """An arrival rate is that of the requests sent, within a tenth."""
    run, _ = scripts.run(
        "spike-load", {**SPIKES, "BASE_SECONDS": "0", "REST_SECONDS": "0", "BASE_RATE": "10", "PEAK_RATE": "40"}
    )
    # Twice: from 10 to 40 in 0.5 s, 40 for 1 s, back in 0.5 s.
    assert len(run.rows) == pytest.approx(2 * (12.5 + 40 + 12.5), rel=0.1)


def test_a_number_that_is_none_is_said(scripts: Scripts) -> None:
    """With the name of the variable, before anything is sent."""
    run, ended = scripts.run("inference-load", {"USERS": "many"})
    with pytest.raises(ScriptError, match="USERS must be a number from 0 up"):
        ended.check()
    assert run.rows == []
