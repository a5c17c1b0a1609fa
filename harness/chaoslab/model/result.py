"""What a run found: the shape of result.json. Field names are its public schema (DESIGN section 9)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from chaoslab.model.load_result import FoundPattern

VerdictName = Literal["PASS", "WARN", "FAIL", "INCONCLUSIVE", "SKIPPED", "ERROR", "NOT RUN"]
RecoveryName = Literal["rode_out", "recovered", "not_recovered", "unknown"]


class Found(BaseModel):
    """A frozen part of a result."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FoundProof(Found):
    """The proof of one fault: a number, what it had to be, and whether it was."""

    fault: str
    injected: str
    measured: float | None
    expected: str
    unit: str
    proven: bool
    detail: str = ""


class FoundExpectation(Found):
    """One judged expectation. `met` None: nothing could be measured."""

    measure: str
    of: str | None
    name: str | None = None
    phase: str | None
    observed: float | None
    bound: str
    n: int
    met: bool | None
    warn: bool = False
    note: str = ""


class FoundProbe(Found):
    """What one probe saw. Latencies in ms, availability time-weighted 0..1 (None: no samples in that phase)."""

    name: str
    role: str
    n: int
    availability: dict[str, float | None]
    p50_ms: dict[str, float | None]
    p95_ms: dict[str, float | None]
    p99_ms: dict[str, float | None]
    bad: dict[str, int]
    """Counts of bad samples by outcome, e.g. {"refused": 12, "503": 3}."""


class FoundLoadPhase(Found):
    """The requests of a scenario's load that count in one phase. Latencies in ms, of accepted requests; None: there were none.

    `shed`: refused as promised (503 with Retry-After), which is no error. `error_rate`: errors of all requests, 0..1.
    """

    seconds: float
    requests: int
    per_second: float | None
    accepted: int
    shed: int
    errors: int
    error_rate: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class FoundUnderLoad(Found):
    """A scenario's load in each of its phases, and as a `whole` from the baseline to the end of observing."""

    script: str
    vus: int | None
    phases: dict[str, FoundLoadPhase]
    not_accepted: dict[str, int]
    """Counts of requests that were not accepted by outcome, e.g. {"refused": 12, "shed": 3}."""


class FoundOutage(Found):
    """One union of bad samples of a probe; instants in ms since the first fault's effect."""

    probe: str
    start_ms: float
    end_ms: float | None
    length_ms: float
    error_ms: float


class FoundUndo(Found):
    """One thing put back."""

    what: str
    when: str
    clean: bool
    note: str = ""


class FoundSlo(Found):
    """One row of the SLO table. `met` None: nothing could be measured."""

    name: str
    observed: float | None
    bound: str
    unit: str
    met: bool | None


class FoundSummary(Found):
    """A suite (or the whole run) as numbers. Times in seconds, shares 0..1, the score 0..100; None: nothing to measure."""

    suite: str
    scenarios: int
    passed: int
    mttr_mean_seconds: float | None
    mttr_max_seconds: float | None
    mttr_min_seconds: float | None
    recovered: int
    success_count: int
    error_count: int
    success_rate: float | None
    resilience_score: float | None
    slo: tuple[FoundSlo, ...] = ()
    recommendations: tuple[str, ...] = ()


class FoundRepeats(Found):
    """One scenario over its repeats. Times to recover in ms, of the repeats that recovered; None: there were none.

    `spread_ms`: between the quartiles. `interval_ms`: 95% bootstrap interval of the median.
    """

    id: str
    n: int
    verdicts: dict[VerdictName, int]
    flaky: bool
    rode_out: int
    recovered: int
    median_ms: float | None
    min_ms: float | None
    max_ms: float | None
    spread_ms: float | None
    interval_ms: tuple[float, float] | None


class ScenarioResult(Found):
    """The verdict on one scenario and every number behind it."""

    suite: str
    id: str
    name: str
    verdict: VerdictName
    reasons: tuple[str, ...]
    bad_input: bool = False
    """An ERROR of what the user wrote, not of a tool: exit code 2."""
    attempts: tuple[str, ...] = ()
    proofs: tuple[FoundProof, ...] = ()
    expectations: tuple[FoundExpectation, ...] = ()
    probes: tuple[FoundProbe, ...] = ()
    under_load: FoundUnderLoad | None = None
    outages: tuple[FoundOutage, ...] = ()
    recovery: RecoveryName = "unknown"
    time_to_recover_ms: float | None = None
    time_to_detect_ms: float | None = None
    longest_outage_ms: float | None = None
    error_ms: float | None = None
    mttr: float | None = None
    success_count: int = 0
    error_count: int = 0
    transitions: dict[str, str] = {}
    undo: tuple[FoundUndo, ...] = ()
    started: str = ""
    wall_seconds: float = 0.0
    declared_seconds: float = 0.0
    waited_seconds: float = 0.0
    overhead_seconds: float = 0.0
    notes: tuple[str, ...] = ()
    pattern: FoundPattern | None = None


class RunResult(Found):
    """One run: what result.json holds."""

    schema_version: Literal[1] = 1
    run_id: str
    profile: str
    seed: int
    started: str
    exit_code: int
    overhead_seconds: float
    wall_seconds: float
    lab_clean: bool
    observer: dict[str, float] = {}
    scenarios: tuple[ScenarioResult, ...]
    repeats: tuple[FoundRepeats, ...] = ()
    summary: FoundSummary | None = None
    suites: tuple[FoundSummary, ...] = ()
    notes: tuple[str, ...] = ()
