"""Known-bad variants: `LAB_BUGS` names resilience mechanisms to leave out, each at its call site. Nothing is added."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Bugs:
    """Which mechanisms are left out."""

    no_retry: bool = False
    """Neither queen nor hive tries a failed attempt again."""
    no_timeout: bool = False
    """Attempts of queen and hive wait for ever, connects included; a task has no deadline."""
    no_reconnect: bool = False
    """A peer stays lost once a working connection to it broke."""
    zombie_worker: bool = False
    """The hive keeps the slots of a dead worker: it registers again and gets no work."""
    slow_detect: bool = False
    """The hive holds neither silence nor a failed attempt against a worker: it goes on sending it tasks."""
    retry_storm: bool = False
    """The queen tries again at once, without a pause between attempts; its deadline still bounds them."""
    no_507: bool = False
    """Hive and worker do not look whether there is room: a task is taken on a full disk or a full VRAM."""
    fd_leak: bool = False
    """The hive does not close the spool file after a record."""
    no_reserve: bool = False
    """A service keeps no spare descriptor to refuse with: without descriptors, new connections wait unanswered."""
    no_fallback: bool = False
    """Neither the legacy JWT key nor the API keys in memory are used while Redis is unreachable."""
    no_breaker: bool = False
    """The circuit breaker in front of PostgreSQL never opens."""
    lost_ack: bool = False
    """The queen acknowledges an order without waiting until PostgreSQL has it."""
    duplicate_orders: bool = False
    """The queen stores an order without its idempotency key."""
    stuck_leader: bool = False
    """A trader asks for the leader lock once: a standby never takes over."""
    two_leaders: bool = False
    """A trader leads whether it got the lock or not."""
    no_pause: bool = False
    """A trader goes on when Redis, and with it the lock, is out of reach."""
    no_drain: bool = False
    """The throttle of the traders' order queue is never refilled."""


NAMES = tuple(field.name.replace("_", "-") for field in fields(Bugs))


def parse_bugs(text: str) -> Bugs:
    """Read `LAB_BUGS`: comma-separated names, spaces allowed; raises ValueError that lists what is known."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise ValueError(f"LAB_BUGS: unknown {', '.join(unknown)}; known: {', '.join(NAMES)}")
    return Bugs(**{name.replace("-", "_"): True for name in names})
