"""What the engine reports of one container of the lab, at one moment."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Replica:
    """One container of a compose service. `number` is compose's container number, 1-based.

    `addresses`: IPv4 by network name (empty string while not running). `pid`: of its first process on the engine's host, 0 when not running.
    """

    id: str
    name: str
    service: str
    number: int
    state: str
    health: str
    pid: int
    hostname: str
    image: str
    chaos_ready: bool
    restart_count: int
    oom_killed: bool
    exit_code: int
    started_at: str
    nano_cpus: int
    memory_bytes: int
    pids_limit: int
    cpu_quota: int
    user: str
    addresses: dict[str, str] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether its process runs (a paused one does not)."""
        return self.state == "running"

    @property
    def address(self) -> str:
        """Any of its addresses, empty when it has none."""
        return next((address for address in self.addresses.values() if address), "")

    def __str__(self) -> str:
        return f"{self.service}[{self.number}]"
