"""Numbers of a result as the words that console and Markdown share."""

from pathlib import Path

from chaoslab.errors import Exit
from chaoslab.model.result import FoundProof, RunResult, ScenarioResult
from chaoslab.report.objectives import objective_lines
from chaoslab.verdict.whole import mean_overhead_seconds, tally

NOTHING = "-"
HEADERS = ("id", "name", "verdict", "proof", "longest outage", "time to recover")
MEANING = {
    Exit.PASSED: "all passed",
    Exit.FAILED: "an expectation was broken or the lab did not recover in time",
    Exit.BAD_INPUT: "bad input or usage",
    Exit.INCONCLUSIVE: "something could not be judged",
    Exit.TOOL_ERROR: "the harness, a tool or the lab failed",
    Exit.LAB_DIRTY: "the lab was left dirty; `chaoslab recover` mends it",
    Exit.INTERRUPTED: "interrupted, the lab is clean",
}


def duration(milliseconds: float) -> str:
    """Write a duration: ms below a second, else seconds with three decimals."""
    if milliseconds < 10:
        return f"{milliseconds:.1f} ms"
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.3f} s"


def proof_text(result: ScenarioResult) -> str:
    """Write the first proof's number with its unit, and how many more there are; a proof that failed comes first."""
    ordered = sorted(result.proofs, key=lambda proof: proof.proven)
    if not ordered:
        return NOTHING
    more = f" +{len(ordered) - 1}" if len(ordered) > 1 else ""
    return measured_text(ordered[0]) + ("" if ordered[0].proven else ", not proven") + more


def measured_text(proof: FoundProof) -> str:
    """Write what a proof measured, with its unit."""
    if proof.measured is None:
        return "nothing" if not proof.proven else "yes"
    places = 0 if abs(proof.measured) >= 100 or proof.measured == int(proof.measured) else 1
    return f"{proof.measured:.{places}f} {proof.unit}".strip()


def outage_text(result: ScenarioResult) -> str:
    """Write the longest outage; of a lab that rode it out there was none."""
    if result.recovery == "rode_out":
        return "none"
    return NOTHING if result.longest_outage_ms is None else duration(result.longest_outage_ms)


def recovery_text(result: ScenarioResult, plus_minus: str = "±") -> str:
    """Write the time to recover with its error, or what is known instead."""
    if result.recovery == "rode_out":
        unseen = result.longest_outage_ms
        return "no outage seen" if unseen is None else f"no outage > {unseen:.0f} ms"
    if result.recovery == "not_recovered":
        return "not recovered"
    if result.time_to_recover_ms is None:
        return NOTHING
    error = "" if result.error_ms is None else f" {plus_minus} {result.error_ms:.0f} ms"
    return duration(result.time_to_recover_ms) + error


def row(result: ScenarioResult, plus_minus: str = "±") -> tuple[str, ...]:
    """Write one scenario's line of the table, as HEADERS names its columns."""
    return (
        result.id,
        result.name,
        result.verdict,
        proof_text(result),
        outage_text(result),
        recovery_text(result, plus_minus),
    )


def summary_lines(result: RunResult, results: Path | None = None) -> list[tuple[str, str]]:
    """Write the run's summary as (what, value) pairs. `results`: the folder that holds the run's folder."""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in tally(result).items()) or "none"
    lines = [
        ("scenarios", f"{len(result.scenarios)}: {counts}"),
        ("run", f"profile {result.profile}, seed {result.seed}, {result.wall_seconds:.1f} s"),
        ("windows", f"{sum(scenario.declared_seconds for scenario in result.scenarios):.1f} s declared"),
        (
            "overhead",
            f"at most {result.overhead_seconds:.2f} s, mean {mean_overhead_seconds(result):.2f} s per scenario",
        ),
        ("observer", observer_text(result)),
        *objective_lines(result.summary),
        (
            "lab",
            "clean, and left running"
            if result.lab_clean
            else "NOT CLEAN: `chaoslab status` shows it, `chaoslab recover` mends it",
        ),
    ]
    if results is not None:
        lines.append(("results", str(results / result.run_id)))
    return [*lines, ("exit code", f"{result.exit_code} ({MEANING[Exit(result.exit_code)]})")]


def observer_text(result: RunResult) -> str:
    """Write what measuring cost, and whether probes were sent late."""
    stats = dict(result.observer)
    if not stats:
        return "did not run"
    texts = []
    if (cpu := stats.pop("cpu_percent_of_one_core", None)) is not None:
        texts.append(f"{cpu:.1f}% of one core")
    texts += [f"{value:.0f} {name.replace('_', ' ')}" for name, value in stats.items()]
    return ", ".join(texts)


def explained(result: RunResult) -> list[ScenarioResult]:
    """Pick the scenarios whose reasons or notes a reader needs: all that did not simply pass."""
    return [scenario for scenario in result.scenarios if scenario.verdict != "PASS" or scenario.notes]
