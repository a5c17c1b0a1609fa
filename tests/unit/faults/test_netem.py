"""netem's five: their proofs from echoes, and their life on a made-up lab."""

from dataclasses import replace
from typing import Any

import pytest

from chaoslab.errors import CannotInject
from chaoslab.faults import netem
from chaoslab.faults.delay import Delay, DelaySpec, delayed
from chaoslab.faults.netem import Echoes, enough, read_echoes, share
from chaoslab.faults.reorder import overtook
from unit.faults.made import MS, SECOND, MadeLab, step


def echoes(sent: int = 400, answered: int = 400, trip_ms: float = 0.2, **more: int) -> Echoes:
    """Make a window of echo requests."""
    return Echoes(sent, answered, more.get("duplicated", 0), more.get("overtaken", 0), (trip_ms,) * answered)


def test_rows_become_counts_of_lost_doubled_and_overtaken() -> None:
    """A row is when it was sent and how long each of its answers took."""
    found = read_echoes([[0, 50 * MS], [5 * MS, MS], [10 * MS], [15 * MS, MS, 2 * MS]])
    assert (found.sent, found.answered, found.duplicated, found.overtaken) == (4, 3, 1, 2)
    assert found.median_ms == 1.0
    assert read_echoes([]).median_ms == 0.0


@pytest.mark.parametrize(
    ("delay", "jitter", "during", "proven"),
    [
        (100, 0, echoes(trip_ms=100.4), True),
        (100, 0, echoes(trip_ms=0.2), False),
        (100, 0, echoes(trip_ms=160.0), False),
        (100, 50, echoes(trip_ms=120.0), True),
        (2, 0, echoes(trip_ms=0.2), False),
        (100, 0, echoes(answered=0), False),
    ],
)
def test_a_delay_is_proven_by_the_median_round_trip(delay: float, jitter: float, during: Echoes, proven: bool) -> None:
    """It grew by what was declared."""
    assert delayed(delay, jitter, echoes(), during).proven is proven


@pytest.mark.parametrize(
    ("hits", "sent", "percent", "least", "proven"),
    [
        (80, 400, 20, 1.0, True),
        (0, 400, 20, 1.0, False),
        (200, 400, 20, 1.0, False),
        (400, 400, 100, 1.0, True),
        (75, 400, 20, 0.85, True),
        (200, 4000, 10, 0.85, False),
        (0, 0, 20, 1.0, False),
    ],
)
def test_a_share_of_packets_is_proven_within_what_chance_allows(
    hits: int, sent: int, percent: float, least: float, proven: bool
) -> None:
    """For loss, duplication, corruption and reordering alike."""
    assert share(hits, sent, percent, "lost", least).proven is proven


def test_a_reordering_needs_answers_that_overtook() -> None:
    """The share that went ahead fits, and the order did change."""
    trips = tuple(0.2 if number % 4 == 0 else 50.2 for number in range(400))
    during = Echoes(400, 400, 0, 99, trips)
    assert overtook(25, 50, echoes(), during).proven
    assert not overtook(25, 50, echoes(), replace(during, overtaken=0)).proven
    assert not overtook(25, 50, echoes(), echoes(trip_ms=0.2, overtaken=1)).proven


@pytest.mark.parametrize(
    ("before", "during", "words"),
    [
        (echoes(), echoes(sent=10, answered=10), "only 400 round trips before and 10 during"),
        (echoes(answered=300), echoes(), "lost before the fault already"),
    ],
)
def test_a_way_that_was_not_clear_before_proves_nothing(before: Echoes, during: Echoes, words: str) -> None:
    """Nor do too few round trips."""
    good = delayed(0.1, 0, echoes(trip_ms=0.1), echoes())
    assert good.proven
    assert enough(good, echoes(), echoes()).proven
    refused = enough(good, before, during)
    assert not refused.proven
    assert words in refused.detail


def test_netem_is_skipped_with_the_doctor_s_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the abilities helper was told by tc is the reason."""
    monkeypatch.setattr(netem, "abilities", lambda *_: {"abilities": {"netem": "qdisc kind is unknown"}})
    lab = MadeLab(engine=object())
    lab.image = "toolbox"  # type: ignore[attr-defined]
    with pytest.raises(CannotInject, match="has no netem: qdisc kind is unknown"):
        Delay(step(DelaySpec(target="worker", delay_ms=100.0)), lab.as_lab(), "T-1").prepare()
    assert lab.started == []


def test_a_netem_fault_lives_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The qdisc goes on with netem's words; the undo takes it off; a restart is told."""
    monkeypatch.setattr(netem, "abilities", lambda *_: {"abilities": {"netem": ""}})
    qdiscs = [1, 0, 1]

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "echoes":
            late = request["since_ns"] >= 90 * SECOND
            return {"echoes": [[number, (100 if late else 1) * MS] for number in range(100)]}
        if request["do"] == "read":
            return {"qdiscs": qdiscs.pop(0), "packets": 7, "drops": 0}
        return {"at_ns": 90 * SECOND, "error_ns": 20}

    lab = MadeLab(answer, engine=object())
    lab.image = "toolbox"  # type: ignore[attr-defined]
    fault = Delay(step(DelaySpec(target="worker", delay_ms=100.0, jitter_ms=10.0)), lab.as_lab(), "T-1")
    fault.prepare()
    assert lab.started[0][1]["arguments"] == ("123", "10.0.0.1", "200")
    [undo] = fault.undos()
    assert undo.verb == "remove_qdisc"
    assert undo.id in lab.helpers
    fault.inject()
    assert lab.started[0][2].asked[0]["netem"] == ["limit", "10000", "delay", "100ms", "10ms"]
    proof = fault.prove()
    assert (proof.proven, proof.measured, proof.unit) == (True, 99.0, "ms added"), proof.detail
    assert fault.prove_clean().proven
    lab.found = tuple(replace(one, started_at="t1") for one in lab.found)
    assert "the qdisc went with its network namespace" in fault.prove().detail
    fault.close()
    assert lab.helpers == {}
