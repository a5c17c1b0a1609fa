"""The verdict on a scenario: a pure, many-valued judgement in which a broken promise outranks what is unknown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chaoslab.model.history import Event, Proof, Sample
from chaoslab.model.lab import LabSpec
from chaoslab.model.plan import PlannedScenario
from chaoslab.model.result import FoundExpectation, FoundProof, ScenarioResult, VerdictName
from chaoslab.verdict.describe import described
from chaoslab.verdict.expectations import expectations, judge_expectation, number
from chaoslab.verdict.findings import Findings, find
from chaoslab.verdict.merge import SEVERITY, merge
from chaoslab.verdict.record import NotInjected, recorded
from chaoslab.verdict.whole import judge_run

__all__ = ["judge_run", "judge_scenario", "merge", "not_run", "proofs"]


class Opinion(NamedTuple):
    """One thing that speaks for a verdict, with its sentence."""

    verdict: VerdictName
    reason: str


def not_run(planned: PlannedScenario, reason: str = "was not started") -> ScenarioResult:
    """Give the result of a planned scenario that was never started."""
    return ScenarioResult(
        suite=planned.suite, id=planned.key, name=planned.scenario.name, verdict="NOT RUN", reasons=(reason,)
    )


def judge_scenario(
    planned: PlannedScenario, spec: LabSpec, events: Sequence[Event], samples: Mapping[str, Sequence[Sample]]
) -> ScenarioResult:
    """Judge one scenario from the run's whole history.

    `events`: of the run, in order; `samples`: each probe's series (record.by_probe groups a flat list). The newest
    attempt of the scenario is judged; a scenario that never started is NOT RUN.
    """
    record = recorded(planned.key, events, samples)
    if record.started is None:
        return not_run(planned)
    findings = find(planned, spec, record)
    judged = [judge_expectation(findings, ask) for ask in expectations(findings)] if record.injections else []
    opinions = [
        *_of_errors(findings),
        *_of_baseline(findings),
        *(_of_not_injected(fault) for fault in record.not_injected),
        *_of_proofs(findings),
        *_of_recovery(findings),
        *(_of_expectation(found, reason) for found, reason in judged),
    ]
    verdict = merge(opinion.verdict for opinion in opinions)
    reasons = sorted((one for one in opinions if one.verdict != "PASS"), key=lambda one: SEVERITY.index(one.verdict))
    update = {
        "verdict": verdict,
        "reasons": tuple(dict.fromkeys(one.reason for one in reasons)),
        "proofs": proofs(findings),
        "expectations": tuple(found for found, _ in judged),
        "bad_input": any(event.data.get("bad_input") for event in record.of_kind("error")),
    }
    return not_run(planned).model_copy(update={**update, **described(findings)})


def proofs(findings: Findings) -> tuple[FoundProof, ...]:
    """Give each injected fault's proof; one that was never taken is not proven."""
    missing = Proof("", None, "", "", proven=False, detail="no proof was taken")
    return tuple(
        FoundProof(
            fault=injection.fault,
            injected=injection.what,
            measured=proof.measured,
            expected=proof.expected,
            unit=proof.unit,
            proven=proof.proven,
            detail=proof.detail,
        )
        for injection in findings.recorded.injections
        for proof in [findings.recorded.proofs.get(injection.fault, missing)]
    )


def _of_errors(findings: Findings) -> Iterable[Opinion]:
    for event in findings.recorded.of_kind("error"):
        yield Opinion("ERROR", str(event.data.get("text", "the harness failed")))
    for event in findings.recorded.of_kind("interrupted"):
        yield Opinion("INCONCLUSIVE", f"interrupted: {event.data.get('text', '')}")
    for event in findings.recorded.of_kind("aborted"):
        data = event.data
        observed = data.get("observed")
        was = f"{data.get('of', '')} {data.get('measure', '')}".strip()
        value = number(observed) if isinstance(observed, int | float) else "unknown"
        yield Opinion("FAIL", f"stopped by abort_when: {was} was {value}")


def _cut_short(findings: Findings) -> bool:
    """Whether something else already says why the scenario did not run its course."""
    return any(findings.recorded.last(kind) for kind in ("error", "interrupted", "aborted"))


def _of_baseline(findings: Findings) -> Iterable[Opinion]:
    ended = findings.recorded.last("baseline_ended")
    if findings.recorded.not_injected or _cut_short(findings):
        return
    if ended is None:
        yield Opinion("INCONCLUSIVE", "ended before its baseline did")
    elif not ended.data.get("steady", True):
        yield Opinion("INCONCLUSIVE", f"baseline was not steady: {ended.data.get('reason', '')}")
    elif not findings.recorded.injections:
        yield Opinion("INCONCLUSIVE", "ended before any fault was injected")


def _of_not_injected(fault: NotInjected) -> Opinion:
    verdicts: dict[str, VerdictName] = {"skipped": "SKIPPED", "error": "ERROR"}
    return Opinion(verdicts.get(fault.status, "INCONCLUSIVE"), f"{fault.fault} was not injected: {fault.reason}")


def _of_proofs(findings: Findings) -> Iterable[Opinion]:
    for proof in proofs(findings):
        if proof.proven:
            continue
        measured = "nothing" if proof.measured is None else f"{number(proof.measured)} {proof.unit}".strip()
        expected = f", expected {proof.expected}" if proof.expected else ""
        detail = f" ({proof.detail})" if proof.detail else ""
        yield Opinion("INCONCLUSIVE", f"{proof.fault} was not proven: measured {measured}{expected}{detail}")


def _of_recovery(findings: Findings) -> Iterable[Opinion]:
    if not findings.recorded.injections:
        return
    if not findings.counted:
        yield Opinion("INCONCLUSIVE", "no probe brought a sample")
        return
    outcome = findings.recovery(findings.counted.values())
    if outcome == "not_recovered":
        deadline = number(findings.planned.recovery_deadline_seconds)
        stable = number(findings.planned.stable_seconds)
        worst = ", ".join(name for name, one in findings.counted.items() if findings.recovered_ns([one]) is None)
        who = worst or "the probes together"
        yield Opinion("FAIL", f"not recovered within {deadline} s: {who} never stayed good for {stable} s")
    elif outcome == "unknown" and not _cut_short(findings):
        yield Opinion("INCONCLUSIVE", "observing ended before recovery was shown or its deadline had passed")


def _of_expectation(found: FoundExpectation, reason: str) -> Opinion:
    if found.met is None:
        return Opinion("INCONCLUSIVE", reason)
    if not found.met:
        return Opinion("FAIL", reason)
    return Opinion("WARN" if found.warn else "PASS", reason)
