"""Did a stopped service fall silent while it was there? Pure functions for hang and pause, over its own health probes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from chaoslab.faults.fault import Finding
from chaoslab.faults.targets import health_probes
from chaoslab.model.history import Sample
from chaoslab.model.replica import Replica

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab

IN_FLIGHT_NS = 20_000_000
"""An answer that had left before the fault may arrive that much later."""


def heard(samples: Iterable[Sample], replica: int, since_ns: int, until_ns: int) -> tuple[int, int]:
    """Count one replica's health samples sent in a window: (without an answer, answered)."""
    mine = [one for one in samples if one.replica == replica and since_ns + IN_FLIGHT_NS <= one.sent_ns <= until_ns]
    answered = sum(one.good or one.outcome.isdigit() for one in mine)
    return len(mine) - answered, answered


def listen(
    lab: "Lab", targets: Sequence[Replica], since_ns: int, until_ns: Mapping[str, int]
) -> tuple[int, int] | None:
    """Sum up `heard` over the targets' own health probes; None when no probe dials this service. `until_ns` by target."""
    silent = answered = 0
    probes = [probe for replica in targets[:1] for probe in health_probes(lab, replica.service)]
    if not probes:
        return None
    for replica in targets:
        for probe in probes:
            series = tuple(lab.history.series(probe.name))
            counts = heard(series, replica.number, since_ns, until_ns[str(replica)])
            silent, answered = silent + counts[0], answered + counts[1]
    return silent, answered


def silenced(state: str, in_state: int, wanted: int, samples: tuple[int, int] | None) -> Finding:
    """Judge it: all `wanted` are in the state, and no health sample was answered. `measured`: unanswered samples, or the count in that state."""
    seen = f"{in_state} of {wanted} {state}"
    if samples is None:
        return Finding(
            in_state,
            f"{wanted} {state}",
            "replicas",
            proven=in_state == wanted > 0,
            detail="no health probe dials this service itself",
        )
    silent, answered = samples
    finding = Finding(
        silent,
        "at least 1, none answered",
        "silent health samples",
        proven=silent > 0 and in_state == wanted > 0,
        detail=seen,
    )
    return finding.refused(f"{answered} health samples were answered meanwhile") if answered else finding
