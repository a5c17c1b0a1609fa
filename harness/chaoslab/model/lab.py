"""What a compose file declares: services, links, probes, triggers. The declared (clean) state of the lab."""

from typing import Annotated, Any, Literal

from pydantic import Field

from chaoslab.model.value import Value
from chaoslab.model.variable import VariableName

READY_LABEL = "chaoslab.chaos-ready"
"""Only containers with this label set to "true" are ever targets (DESIGN promise 4)."""

METRICS_PROBE = "metrics:"
"""The probe that reads a service's metrics is named after it: `metrics:trader`."""
UNIQUE = "{unique}"
"""In a work probe's body: a fresh id in every request."""

Port = Annotated[int, Field(ge=1, le=65_535)]
Rate = Annotated[float, Field(gt=0, le=1000)]


class Canary(Value):
    """The harmless request that crosses a link to measure it."""

    kind: Literal["http", "tcp", "redis", "sql"] = "http"
    path: str = "/"


class Link(Value):
    """An edge client -> server that passes through the Toxiproxy proxy of the same name.

    `client` may name no compose service: then the clients are outside the lab.
    """

    name: str
    client: str
    server: str
    listen: str = Field(pattern=r":\d+$")
    upstream: str = Field(pattern=r":\d+$")
    canary: Canary = Canary()

    @property
    def port(self) -> int:
        """The port on which Toxiproxy listens for this link's clients."""
        return int(self.listen.rpartition(":")[2])


class Probe(Value):
    """A repeated question. Dials each replica of `service` at `port` directly, or crosses `link` through its proxy.

    `role`: `health` decides up and down at 20 Hz or more; `work` is real work at its own rate; `watch` only reads, its
    bad samples are no outage (`kind` metrics: its detail is a dict of series -> value, `keep` names the metrics).
    `each`: up only when every replica answers; else when any does. `capture`: JSONPath of a value kept with each good sample.
    `{unique}` in the body of a `work` probe is a fresh id in every request, kept with every sample, good or bad.
    The body of a `redis` probe is its command (default PING). `expect_body`: regular expression that a good answer's text holds.
    """

    name: str
    role: Literal["health", "work", "watch"] = "health"
    kind: Literal["http", "tcp", "redis", "sql", "metrics"] = "http"
    service: str | None = None
    port: Port | None = None
    link: str | None = None
    each: bool = False
    rate_hz: Rate = 20.0
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 1.0
    method: str = "GET"
    path: str = "/"
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    expect_status: tuple[int, ...] = (200,)
    expect_body: str | None = None
    capture: str | None = None
    keep: tuple[str, ...] = ()


LOAD = Probe(name="load", role="watch")
"""Stands for the requests of a scenario's load, which nobody sends on our behalf: its samples are measured as a probe's, and decide no outage."""


class Trigger(Value):
    """Tells whether something is open on a target at this moment, by asking `service`.

    `path` may contain `{hostname}`: the target container's. `open`: JSONPath that finds something while it is open.
    """

    name: str
    service: str
    port: Port
    path: str
    open: str
    restart_first: bool = False


class Metrics(Value):
    """Where a service tells its metrics (Prometheus text), and which of them are kept, `rate_hz` times a second from each replica."""

    name: str
    port: Port
    path: str = "/metrics"
    rate_hz: Rate = 5.0
    keep: tuple[str, ...] = ()


class Ledger(Value):
    """What a system says it holds: after a scenario it is compared with what the work probe `probe` was told is done.

    The probe's body holds `{unique}`, which becomes a fresh id in every request; `path` of `service` lists ids at JSONPath `ids`.
    """

    name: str
    probe: str
    service: str
    port: Port
    path: str
    ids: str
    headers: dict[str, str] = Field(default_factory=dict)


class TokenCheck(Value):
    """How tokens that a system issued are checked after a scenario: each one that `probe` captured is sent to `path` as a bearer token.

    It verifies when the answer is 200 and, where `subject` is given, its JWT claim `claim` is that subject.
    """

    name: str
    probe: str
    service: str
    port: Port
    path: str
    claim: str = "sub"
    subject: str | None = None


class Vram(Value):
    """A service's ledger of simulated VRAM: GET `path` tells the level in percent at JSONPath `level`, POST {"percent": N} sets it."""

    name: str
    port: Port
    path: str
    level: str = "$.percent"


class ClockEndpoint(Value):
    """Where a service tells its time (Unix seconds at JSONPath `seconds`), and the libfaketime control file that its image carries."""

    name: str
    port: Port
    path: str
    seconds: str = "$.unix_seconds"
    file: str = ""


class LoadSettings(Value):
    """What every load script is told of the lab: `environment` becomes its `__ENV`."""

    environment: dict[VariableName, str] = Field(default_factory=dict)


class ToxiproxyAddress(Value):
    """Where the lab's Toxiproxy listens for its control API."""

    service: str = "toxiproxy"
    port: Port = 8474


class Service(Value):
    """A compose service as declared: how many replicas with which limits (0 or None: unlimited)."""

    name: str
    replicas: int = 1
    chaos_ready: bool = False
    nano_cpus: int = 0
    memory_bytes: int = 0
    pids_limit: int = 0
    networks: tuple[str, ...] = ()
    has_healthcheck: bool = False


class LabSpec(Value):
    """The lab as its compose files declare it."""

    project: str
    services: dict[str, Service]
    networks: tuple[str, ...]
    toxiproxy: ToxiproxyAddress | None
    default_link: str | None
    links: dict[str, Link]
    probes: dict[str, Probe]
    triggers: dict[str, Trigger]
    metrics: dict[str, Metrics] = Field(default_factory=dict)
    ledgers: dict[str, Ledger] = Field(default_factory=dict)
    tokens: dict[str, TokenCheck] = Field(default_factory=dict)
    vram: dict[str, Vram] = Field(default_factory=dict)
    clocks: dict[str, ClockEndpoint] = Field(default_factory=dict)
    load: LoadSettings = LoadSettings()

    def asked(self, *, load: bool) -> dict[str, Probe]:
        """Return what is measured in a scenario, by name: the probes, and LOAD where the scenario has one."""
        return {**self.probes, LOAD.name: LOAD} if load else self.probes
