"""What this host can and cannot do, and what each lack costs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chaoslab.errors import ChaoslabError
from chaoslab.tools.compose import Compose
from chaoslab.tools.endpoint import Endpoint
from chaoslab.tools.engine import Engine
from chaoslab.tools.host import abilities

COSTS = {
    "netfilter": "packet_loss, partition and dns_failure are SKIPPED; client traffic on links cannot be counted, so toxics stay unproven",
    "netem": "delay, loss, duplicate, corrupt and reorder are SKIPPED (packet_loss is done by netfilter)",
    "pidfd": "crash, signal and hang are SKIPPED",
    "stress-ng": "oom and io are SKIPPED",
    "prlimit": "fds is SKIPPED",
}
"""What each lack costs, by ability."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report. `cost` says what does not work without it, empty when it is there."""

    what: str
    fine: bool
    detail: str
    cost: str = ""
    needed: bool = False


def examine(endpoint: Endpoint, compose: Compose, toolbox: str) -> Iterator[Finding]:
    """Look at engine, compose, images, kernel abilities, registry, in the order in which they depend on each other."""
    yield from _asked("compose", compose.version, "nothing works: the lab is a compose project", needed=True)
    try:
        engine = Engine(endpoint)
        info = engine.info()
        version = engine.version()["Version"]
    except ChaoslabError as error:
        yield Finding(
            "engine",
            fine=False,
            detail=str(error).replace("\n", " "),
            cost="nothing works: scenarios need an engine",
            needed=True,
        )
        return
    yield Finding(
        "engine",
        fine=True,
        detail=f"{version} at {endpoint.url} ({endpoint.source}), kernel {info.get('KernelVersion')}",
    )
    memory = info.get("MemTotal", 0) / 2**30
    yield Finding(
        "engine's host",
        memory >= 1.5,
        f"{info.get('NCPU')} CPUs, {memory:.1f} GiB",
        "" if memory >= 1.5 else "the lab needs about 1 GiB; expect starved services",
    )
    yield from _asked(
        "registry",
        engine.registry_answers,
        "images are bootstrapped from Debian packages instead of pulled (slower once)",
    )
    if not engine.has_image(toolbox):
        yield Finding(
            "toolbox image",
            fine=False,
            detail=f"{toolbox} is missing",
            cost="nothing works: `make images` builds it",
            needed=True,
        )
        return
    yield Finding("toolbox image", fine=True, detail=toolbox)
    try:
        found = abilities(engine, toolbox)
    except ChaoslabError as error:
        yield Finding(
            "helper containers", fine=False, detail=str(error), cost="no fault can be injected or proven", needed=True
        )
        return
    yield Finding("cgroup", fine=True, detail=found["cgroup"])
    for name, why_not in found["abilities"].items():
        yield Finding(name, not why_not, why_not or "works", COSTS.get(name, "") if why_not else "")


def _asked(what: str, ask: Callable[[], str], cost: str, *, needed: bool = False) -> Iterator[Finding]:
    try:
        yield Finding(what, fine=True, detail=ask())
    except ChaoslabError as error:
        yield Finding(what, fine=False, detail=str(error).replace("\n", " ")[:200], cost=cost, needed=needed)
