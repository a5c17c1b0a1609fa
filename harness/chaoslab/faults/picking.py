"""Picks the targets of a fault by what they say of themselves when it is due: the current leader, the master."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from chaoslab.errors import NotProvable
from chaoslab.model.history import Sample
from chaoslab.model.lab import METRICS_PROBE
from chaoslab.model.replica import Replica
from chaoslab.model.suite import Count, Where, how_many
from chaoslab.verdict.measures.series import matches

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab

ANSWER_SECONDS = 2.5
"""Longer than any probe that may pick waits for its answer, in most labs; who has said nothing by then is not picked."""
RECENT_SAMPLES = 200


def pick(lab: "Lab", where: Where, count: Count, replicas: Sequence[Replica]) -> tuple[Replica, ...]:
    """Pick `count` of those replicas that fit, by answers to questions asked from now on. Raises NotProvable when there are too few."""
    since_ns = lab.history.now_ns()
    running = {replica.number for replica in replicas if replica.running}

    def all_told() -> dict[int, Sample] | None:
        told = newest(_recent(lab, where, replicas), since_ns)
        return told if running <= told.keys() else None

    try:
        told = lab.history.wait(all_told, ANSWER_SECONDS, "what the targets say of themselves")
    except TimeoutError:
        told = newest(_recent(lab, where, replicas), since_ns)
    found = [replica for replica in replicas if replica.number in told and fits(where, told[replica.number])]
    number = how_many(count, len(found))
    if not found or number > len(found):
        raise NotProvable(
            f"{number} where {where} {'is' if number == 1 else 'are'} asked, {len(found)} of {len(replicas)} replicas are"
            f" ({len(told)} answered)",
            remedy="is the lab in the state that the scenario begins with? `chaoslab plan` says who is asked",
        )
    return tuple(found[:number])


def still_fits(lab: "Lab", where: Where, chosen: Sequence[Replica]) -> bool:
    """Whether what the chosen ones said last still makes them the ones. Asks nobody."""
    told = newest(_recent(lab, where, chosen), 0)
    return all(replica.number in told and fits(where, told[replica.number]) for replica in chosen)


def newest(samples: Iterable[Sample], since_ns: int) -> dict[int, Sample]:
    """Find each replica's newest answer to what it was asked since an instant."""
    return {one.replica: one for one in sorted(samples, key=lambda one: one.sent_ns) if one.sent_ns >= since_ns}


def fits(where: Where, said: Sample) -> bool:
    """Whether a replica that said this is one of those that are meant."""
    if not said.good or where.metric is None:
        return said.good
    series = said.detail if isinstance(said.detail, dict) else {}
    return any(value == where.equals for name, value in series.items() if matches(where.metric, name))


def _recent(lab: "Lab", where: Where, replicas: Sequence[Replica]) -> list[Sample]:
    probe = where.probe or f"{METRICS_PROBE}{replicas[0].service}"
    return list(lab.history.series(probe))[-RECENT_SAMPLES:]
