"""Measures of work that must not vanish: what was answered, what a ledger holds of it, and issued tokens."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chaoslab.model.history import Sample
from chaoslab.model.suite import Expectation
from chaoslab.verdict.findings import Findings
from chaoslab.verdict.measures.entry import NOTHING, Measured, streams_of, whole

NEVER_DONE = frozenset({"refused", "unreachable", "unresolved", "429", "503", "507"})
"""Outcomes after which a write was surely not done: it was never sent, or turned away at the door."""
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Books:
    """One ledger of a scenario: what was acknowledged, what nobody can know, and how often each id is listed.

    `listed` None: the system's list could not be read, `why` says why.
    """

    acknowledged: frozenset[str]
    unknown: frozenset[str]
    attempts: int
    listed: Counter[str] | None
    why: str = ""

    @property
    def lost(self) -> list[str]:
        """Name the writes that were acknowledged and are not listed."""
        return sorted(self.acknowledged - self.listed.keys()) if self.listed is not None else []


def books(findings: Findings, name: str) -> Books:
    """Put together what the scenario recorded of one ledger."""
    ledger = findings.spec.ledgers[name]
    stream = findings.streams.get(ledger.probe)
    samples: Sequence[Sample] = stream.samples if stream else ()
    told = [event.data for event in findings.recorded.of_kind("ledger") if event.data.get("name") == name]
    why = str(told[-1].get("error") or "") if told else "the system was not asked what it holds"
    asked_ns = (
        told[-1].get("asked_ns", math.inf) if told else math.inf
    )  # what was acknowledged later need not be listed
    return Books(
        acknowledged=frozenset(
            str(sample.detail) for sample in samples if sample.good and sample.detail and sample.finished_ns <= asked_ns
        ),
        unknown=frozenset(str(sample.detail) for sample in samples if sample.detail and _unknown(sample)),
        attempts=len(samples),
        listed=None if why else Counter(told[-1].get("listed", ())),
        why=why,
    )


def _unknown(sample: Sample) -> bool:
    refused = sample.outcome in NEVER_DONE or (sample.outcome.isdigit() and sample.outcome.startswith("4"))
    return not sample.good and not refused


def _lost(findings: Findings, ask: Expectation) -> Measured:
    """Count work without an answer in time, and acknowledged writes that are not there; of a ledger (before a probe of its name) only the latter."""
    if ask.of in findings.spec.ledgers:
        return _lost_writes(findings, str(ask.of))
    work = [
        sample
        for stream in streams_of(findings, ask)
        if stream.probe.role == "work"
        for sample in stream.samples
        if sample.finished_ns >= findings.strike.at_ns
    ]
    if not work:
        return NOTHING
    unanswered = sum(sample.outcome == "timeout" for sample in work)
    missing = [_lost_writes(findings, name) for name in findings.spec.ledgers] if ask.of is None else []
    notes = [f"{one.observed:g} acknowledged: {one.note}" for one in missing if one.observed]
    return Measured(unanswered + sum(one.observed or 0 for one in missing), len(work), "; ".join(notes))


def _lost_writes(findings: Findings, name: str) -> Measured:
    found = books(findings, name)
    if found.listed is None:
        return Measured(None, found.attempts, found.why)
    if not found.acknowledged:
        return Measured(None, found.attempts, "no write was acknowledged")
    return Measured(len(found.lost), len(found.acknowledged), _few(found.lost))


def _duplicates(findings: Findings, ask: Expectation) -> Measured:
    found = books(findings, str(ask.of))
    if found.listed is None:
        return Measured(None, found.attempts, found.why)
    if not found.attempts:
        return Measured(None, 0, "nothing was written")
    twice = sorted(name for name, count in found.listed.items() if count > 1)
    return Measured(sum(found.listed[name] - 1 for name in twice), found.attempts, _few(twice))


def _unknown_writes(findings: Findings, ask: Expectation) -> Measured:
    found = books(findings, str(ask.of))
    if not found.attempts:
        return Measured(None, 0, "nothing was written")
    if found.listed is None or not found.unknown:
        return Measured(len(found.unknown), found.attempts)
    done = len(found.unknown & found.listed.keys())
    return Measured(len(found.unknown), found.attempts, f"{done} of them are listed")


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _token_integrity(findings: Findings, ask: Expectation) -> Measured:
    told = [event.data for event in findings.recorded.of_kind("tokens") if event.data.get("name") == ask.of]
    if not told or told[-1].get("error"):
        return Measured(None, 0, str(told[-1]["error"]) if told else "the tokens were not checked")
    checked, refused, foreign = (int(told[-1].get(key, 0)) for key in ("checked", "refused", "foreign"))
    if not checked:
        return Measured(None, 0, "no token was issued")
    bad = refused + foreign
    note = f"{refused} refused, {foreign} with a foreign subject; {told[-1].get('example', '')}" if bad else ""
    return Measured((checked - bad) / checked, checked, note, bad=bad)


MEASURES = (
    whole(
        "lost",
        "Work without an answer in time, and acknowledged writes that the ledger lacks.",
        _lost,
        of_kind="probe or ledger",
    ),
    whole("duplicates", "Writes that the ledger lists more than once.", _duplicates, needs_of=True, of_kind="ledger"),
    whole("unknown", "Writes whose fate their answer does not tell.", _unknown_writes, needs_of=True, of_kind="ledger"),
    whole(
        "token_integrity",
        "Share of issued tokens that verify and bear no foreign subject, 0 to 1.",
        _token_integrity,
        needs_of=True,
        of_kind="token check",
        unit="share",
        higher_is_better=True,
    ),
)
"""The catalogue's entries that this module owns."""
