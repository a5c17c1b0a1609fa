"""Which replicas a fault hits, and whether they are in a state in which a fault can show anything."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from chaoslab.errors import NotProvable
from chaoslab.model.history import Event
from chaoslab.model.lab import Probe
from chaoslab.model.replica import Replica
from chaoslab.model.suite import Count

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab

Target = Annotated[str, Field(min_length=1)]
"""A compose service."""
SIGNAL_PATTERN = r"^SIG(?!RT)[A-Z0-9]+$"


def choose(lab: "Lab", target: str, count: Count, scenario_id: str) -> tuple[Replica, ...]:
    """Choose replicas that are up. Raises NotProvable when one is down, paused or unhealthy already: what would the fault change?"""
    chosen = lab.choose(target, count, scenario_id)
    down = [f"{replica} is {describe(replica)}" for replica in chosen if not is_up(replica)]
    if down:
        raise NotProvable(
            f"{', '.join(down)} before the fault",
            remedy="`chaoslab status` shows what is wrong, `chaoslab recover` puts it right",
        )
    return chosen


def is_up(replica: Replica) -> bool:
    """Whether a container runs and is not known to be ill; after a restart the engine's own check is `starting` for a while."""
    return replica.running and replica.pid > 0 and replica.health != "unhealthy"


def describe(replica: Replica) -> str:
    """Say a container's state in a word."""
    return replica.state if not replica.running else replica.health


def names(replicas: tuple[Replica, ...]) -> str:
    """List replicas for people."""
    return ", ".join(str(replica) for replica in replicas)


def of(target: str, count: Count) -> str:
    """Say which share of a service is hit, before the replicas are known."""
    return target if count == 1 else f"{count} of {target}" if isinstance(count, str) else f"{count} {target}"


def engine_event(lab: "Lab", replica: Replica, action: str, since_ns: int) -> Event | None:
    """Return the engine's first event of that kind about a replica since an instant (its clock may be 50 ms off ours)."""
    return next(
        (
            event
            for event in tuple(lab.history.events)
            if event.kind == "engine"
            and event.at_ns >= since_ns - 50_000_000
            and (event.data.get("action"), event.data.get("service"), event.data.get("replica"))
            == (action, replica.service, replica.number)
        ),
        None,
    )


def health_probes(lab: "Lab", service: str) -> tuple[Probe, ...]:
    """Return the probes that dial a service's replicas directly to see whether they are up."""
    return tuple(probe for probe in lab.spec.probes.values() if probe.service == service and probe.role == "health")
