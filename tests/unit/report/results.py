"""Hand-made results for the reports."""

from typing import Any

from chaoslab.errors import Exit
from chaoslab.model.result import FoundExpectation, FoundProof, RunResult, ScenarioResult
from chaoslab.verdict.judge import judge_run


def proof(*, proven: bool = True, measured: float | None = 512.0) -> FoundProof:
    """Make a proof of 512 ms."""
    return FoundProof(
        fault="NF-002.1", injected="latency 500 ms", measured=measured, expected="400..600", unit="ms", proven=proven
    )


def scenario(verdict: str = "PASS", id: str = "NF-002", **keys: Any) -> ScenarioResult:  # noqa: A002 - the field's name
    """Make a scenario's result that recovered in 1.234 s."""
    defaults: dict[str, Any] = {
        "suite": "network",
        "name": "High latency",
        "reasons": () if verdict == "PASS" else (f"because of {verdict}",),
        "proofs": (proof(),),
        "recovery": "recovered",
        "time_to_recover_ms": 1234.4,
        "error_ms": 6.0,
        "longest_outage_ms": 11_001.0,
        "wall_seconds": 20.0,
        "overhead_seconds": 0.4,
        "expectations": (
            FoundExpectation(
                measure="availability",
                of="tasks",
                phase="during",
                observed=0.812,
                bound="at least 0.95",
                n=100,
                met=False,
            ),
        ),
    }
    return ScenarioResult(id=id, verdict=verdict, **{**defaults, **keys})


def run(*scenarios: ScenarioResult, **keys: Any) -> RunResult:
    """Make a run's result of these scenarios."""
    facts: dict[str, Any] = {
        "run_id": "20260101_120000",
        "profile": "quick",
        "seed": 7,
        "started": "2026-01-01T12:00:00.000Z",
        "wall_seconds": 184.2,
        "lab_clean": True,
        "failed_with": Exit.PASSED,
        "observer": {"cpu_percent_of_one_core": 4.13, "late_sends": 3, "samples": 48_211},
        **keys,
    }
    return judge_run(scenarios, **facts)


EVERY = ("FAIL", "ERROR", "INCONCLUSIVE", "SKIPPED", "NOT RUN", "WARN", "PASS")


def all_verdicts() -> RunResult:
    """Make a run with one scenario of every verdict."""
    return run(*(scenario(verdict, f"XX-{number:03d}") for number, verdict in enumerate(EVERY, 1)))
