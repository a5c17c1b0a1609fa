"""CPU that containers and their host have used, read through the engine: works for a local one and for a remote one."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from chaoslab.clock import NS_PER_SECOND
from chaoslab.tools.engine import Engine

TICKS_PER_SECOND = 100
"""Of /proc/stat, on every Linux that Docker runs on."""
IDLE_COLUMNS = (3, 4)
"""Of /proc/stat: idle, and waiting for disks."""
COLUMNS = 8
"""What follows is counted in these already."""


@dataclass(frozen=True, slots=True)
class Used:
    """What was used up to an instant of the teller's own clock, in seconds. `throttled`: periods in which the limit was met."""

    cpu_seconds: float
    at_seconds: float
    throttled: int = 0

    def since(self, before: "Used") -> float:
        """CPU seconds per second between two readings."""
        return (self.cpu_seconds - before.cpu_seconds) / (self.at_seconds - before.at_seconds)


@dataclass(frozen=True, slots=True)
class Reading:
    """Containers by service, and the whole host."""

    services: dict[str, tuple[Used, ...]]
    host: Used


def read(engine: Engine, containers: Mapping[str, tuple[str, ...]], teller: str) -> Reading:
    """Read all at about the same time. `containers`: ids by service; `teller`: one that has `cat`."""
    ids = [container for group in containers.values() for container in group]
    with ThreadPoolExecutor(len(ids)) as pool:
        used = dict(zip(ids, pool.map(lambda container: of_container(engine, container), ids), strict=True))
    services = {service: tuple(used[container] for container in group) for service, group in containers.items()}
    return Reading(services, of_host(engine, teller))


def of_container(engine: Engine, container: str) -> Used:
    """Read one. The engine's answer may be a second old, and says so."""
    stats = engine.stats(container)
    at = datetime.fromisoformat(stats["read"])
    cpu = stats["cpu_stats"]
    throttled = cpu.get("throttling_data", {}).get("throttled_periods", 0)
    return Used(cpu["cpu_usage"]["total_usage"] / NS_PER_SECOND, at.timestamp(), throttled)


def of_host(engine: Engine, teller: str) -> Used:
    """Read /proc/stat, which shows a container its host's."""
    code, said = engine.execute(teller, ["cat", "/proc/uptime", "/proc/stat"])
    if code:
        raise LookupError(f"/proc/stat cannot be read in {teller[:12]}: {said}")
    uptime, total, *_ = said.splitlines()
    columns = [int(column) for column in total.split()[1 : 1 + COLUMNS]]
    busy = sum(ticks for place, ticks in enumerate(columns) if place not in IDLE_COLUMNS)
    return Used(busy / TICKS_PER_SECOND, float(uptime.split()[0]))
