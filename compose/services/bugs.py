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


NAMES = tuple(field.name.replace("_", "-") for field in fields(Bugs))


def parse_bugs(text: str) -> Bugs:
    """Read `LAB_BUGS`: comma-separated names, spaces allowed; raises ValueError that lists what is known."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise ValueError(f"LAB_BUGS: unknown {', '.join(unknown)}; known: {', '.join(NAMES)}")
    return Bugs(**{name.replace("-", "_"): True for name in names})
