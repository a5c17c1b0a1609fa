"""Which replicas a fault hits, and whether they are in a state in which a fault can show anything."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from chaoslab.errors import NotProvable
from chaoslab.faults.picking import pick
from chaoslab.model.history import Event
from chaoslab.model.lab import Probe
from chaoslab.model.replica import Replica
from chaoslab.model.suite import Count, Where
from chaoslab.model.value import Value

if TYPE_CHECKING:
    from chaoslab.faults.fault import Fault
    from chaoslab.lab.lab import Lab

Target = Annotated[str, Field(min_length=1)]
"""A compose service."""
RECENT_SAMPLES = 200
SERVES_SECONDS = 1.5
CLOCK_SLACK_NS = 50_000_000
"""The engine stamps its events with the wall clock, which is tied to lab time less closely than the helpers' clocks."""


class OnReplicas(Value):
    """The keys of every fault on containers: some replicas of a compose service, of all or of those that `where` picks."""

    target: Target
    count: Count = 1
    where: Where | None = None

    @property
    def who(self) -> str:
        """Name the targets before they are chosen."""
        return of(self.target, self.count, self.where)


def choose(fault: "Fault[Any]") -> tuple[Replica, ...]:
    """Choose replicas that are up. Raises NotProvable when one is down, paused or ill already, and when `where` picks too few."""
    lab, hit = fault.lab, fault.spec
    if hit.where is None:
        chosen = lab.choose(hit.target, hit.count, fault.scenario_id)
    else:
        chosen = pick(lab, hit.where, hit.count, lab.choose(hit.target, "all", fault.scenario_id))
        lab.history.event("picked", fault=fault.id, where=str(hit.where), replicas=[str(one) for one in chosen])
    fault.chosen = chosen
    since_ns = lab.history.now_ns()
    down = [f"{replica} is {describe(replica)}" for replica in chosen if not is_up(lab, replica, since_ns)]
    if down:
        raise NotProvable(
            f"{', '.join(down)} before the fault",
            remedy="`chaoslab status` shows what is wrong, `chaoslab recover` puts it right",
        )
    return chosen


def is_up(lab: "Lab", replica: Replica, since_ns: int) -> bool:
    """Whether a container runs and serves.

    The engine's health check lags by its interval (a service just restarted is "starting" for seconds), so where the
    service's own probes can tell, they do.
    """
    if not replica.running or replica.pid <= 0:
        return False
    if replica.health != "unhealthy":
        return True  # whether a starting one serves, the baseline gate tells
    probes = health_probes(lab, replica.service)

    def served() -> bool | None:
        series = (sample for probe in probes for sample in tuple(lab.history.series(probe.name))[-RECENT_SAMPLES:])
        return any(one.good and one.replica == replica.number and one.sent_ns >= since_ns for one in series) or None

    try:
        return bool(probes) and lab.history.wait(served, SERVES_SECONDS, f"a good answer of {replica}")
    except TimeoutError:
        return False


def describe(replica: Replica) -> str:
    """Say a container's state in a word."""
    return replica.state if not replica.running else replica.health


def names(replicas: tuple[Replica, ...]) -> str:
    """List replicas for people."""
    return ", ".join(str(replica) for replica in replicas)


def of(target: str, count: Count, where: Where | None = None) -> str:
    """Say which share of a service is hit, before the replicas are known."""
    share = target if count == 1 else f"{count} of {target}" if isinstance(count, str) else f"{count} {target}"
    return share if where is None else f"{share} where {where}"


def engine_event(lab: "Lab", replica: Replica, action: str, since_ns: int) -> Event | None:
    """Return the engine's first event of that kind about a replica since an instant."""
    return next(
        (
            event
            for event in tuple(lab.history.events)
            if event.kind == "engine"
            and event.at_ns >= since_ns - CLOCK_SLACK_NS
            and (event.data.get("action"), event.data.get("service"), event.data.get("replica"))
            == (action, replica.service, replica.number)
        ),
        None,
    )


def health_probes(lab: "Lab", service: str) -> tuple[Probe, ...]:
    """Return the probes that dial a service's replicas directly to see whether they are up."""
    return tuple(probe for probe in lab.spec.probes.values() if probe.service == service and probe.role == "health")
