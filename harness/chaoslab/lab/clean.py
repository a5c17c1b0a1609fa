"""The clean state, compared: what the lab declares itself to be against what is seen. Pure; says each undo as data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from chaoslab.model.history import Undo
from chaoslab.model.lab import LabSpec, Link, Service
from chaoslab.model.replica import Replica
from chaoslab.tools.toxiproxy import ProxyState

MARK = "chaoslab-"
"""What we leave in a container (processes, rules, files) carries this, followed by the run id."""
RIGHT_CLOCKS = frozenset({"", "+0", "+0.000", "0"})
"""What a libfaketime control file says while the time is right."""


@dataclass(frozen=True, slots=True)
class Inside:
    """A container seen from inside: what resource faults may have left.

    `nofile`: the soft limit of open files of its service, `nofile_declared`: that of a fresh process there (0: not seen).
    `files`: files of ours. `clock`: what its libfaketime control file says, empty without one. `user`: the service's own (uid:gid).
    """

    nofile: int = 0
    nofile_declared: int = 0
    files: tuple[str, ...] = ()
    clock: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """The lab as the engine and Toxiproxy report it at one moment.

    `proxies` None: Toxiproxy did not answer (`proxies_error` says why). `stopped` and `marked`: process ids by replica
    (as text, e.g. `mock-worker[2]`). `rules`: number of packet rules with our mark by replica. `helpers`: name by
    container id of our containers that nobody owns. `inside` and `vram` (level in percent): by replica, where it could be seen.
    """

    replicas: tuple[Replica, ...]
    proxies: Mapping[str, ProxyState] | None = None
    proxies_error: str = ""
    stopped: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    marked: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    inside: Mapping[str, Inside] = field(default_factory=dict)
    vram: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which the lab is not as declared, and the undo that mends it. `run`: the folder of the run whose journal told of it."""

    where: str
    what: str
    undo: Undo
    run: Path | None = None


def compare(
    spec: LabSpec, seen: Seen, services: frozenset[str] | None = None, *, health: bool = True
) -> tuple[Difference, ...]:
    """List the differences from the clean state, of the named services and all links, or of everything.

    `health` False leaves the engine's own health checks out: between scenarios the probes, which are faster, have shown it.
    """
    found: list[Difference] = []
    for service in spec.services.values():
        if services is None or service.name in services:
            replicas = [replica for replica in seen.replicas if replica.service == service.name]
            differences = [*_service(service, replicas, seen), *_left_inside(spec, replicas, seen)]
            found += [difference for difference in differences if health or difference.undo.verb != "wait_healthy"]
    if spec.toxiproxy is not None:
        found += _proxies(spec, seen)
    found += [
        Difference(
            name,
            "a helper container of an earlier run is left",
            Undo(f"helper.{name}", "remove_helper", "", 0, {"container": container}),
        )
        for container, name in seen.helpers.items()
    ]
    return tuple(found)


def _service(service: Service, replicas: list[Replica], seen: Seen) -> Iterator[Difference]:
    by_number = {replica.number: replica for replica in replicas}
    if len(replicas) < service.replicas:
        what = f"{len(replicas)} of {service.replicas} replicas exist"
        yield Difference(service.name, what, Undo(f"clean.{service.name}.recreate", "recreate", service.name))
    for replica in by_number.values():
        yield from _replica(service, replica, seen)


def _replica(service: Service, replica: Replica, seen: Seen) -> Iterator[Difference]:
    where = str(replica)
    differs = partial(_differs, replica)
    if replica.state == "paused":
        yield differs("paused", "unpause")
        return
    if not replica.running:
        yield differs(f"{replica.state}, exit code {replica.exit_code}", "start")
        return
    if stopped := seen.stopped.get(where):
        yield differs(f"{len(stopped)} process(es) stopped by a signal", "continue_process")
    if marked := seen.marked.get(where):
        yield differs(f"{len(marked)} process(es) of ours still run", "end_processes", mark=MARK)
    if rules := seen.rules.get(where):
        yield differs(f"{rules} packet rule(s) of ours", "remove_rules", mark=MARK)
    for limit, seen_value, declared, wanted in _limits(service, replica):
        if seen_value != declared:
            verb = "set_limits" if wanted else "recreate"
            yield differs(f"{limit} is {seen_value}, declared {declared}", verb, **wanted)
    lost = [network for network in service.networks if network not in replica.addresses]
    if lost:
        yield differs(f"not on network {', '.join(lost)}", "recreate")
    if service.has_healthcheck and replica.health == "unhealthy" and not stopped:
        yield differs(f"health is {replica.health}", "wait_healthy")


def _limits(service: Service, replica: Replica) -> tuple[tuple[str, int, int, dict[str, int]], ...]:
    """Pair each limit as seen with its declaration, and what sets it (nothing: only recreating does).

    The engine cannot take a CPU limit away that was set as such, and memory cannot safely be limited below its use.
    """
    return (
        (
            "cpu limit",
            replica.nano_cpus,
            service.nano_cpus,
            {"nano_cpus": service.nano_cpus} if service.nano_cpus else {},
        ),
        ("cpu quota", max(0, replica.cpu_quota), 0, {"cpu_quota": -1}),
        ("memory limit", replica.memory_bytes, service.memory_bytes, {}),
        ("pids limit", max(0, replica.pids_limit), service.pids_limit, {"pids_limit": service.pids_limit or -1}),
    )


def _left_inside(spec: LabSpec, replicas: list[Replica], seen: Seen) -> Iterator[Difference]:
    """Compare what is seen inside the running ones: open-file limits, files of ours, moved clocks, filled VRAM."""
    for replica in replicas:
        where = str(replica)
        inside = seen.inside.get(where, Inside())

        if 0 < inside.nofile < inside.nofile_declared:
            what = f"open-file limit is {inside.nofile}, declared {inside.nofile_declared}"
            yield _differs(replica, what, "set_fd_limit", soft=inside.nofile_declared, user=inside.user)
        if inside.files:
            what = f"{len(inside.files)} file(s) of ours: {', '.join(inside.files)}"
            yield _differs(replica, what, "remove_files", paths=list(inside.files), user=inside.user)
        clock = spec.clocks.get(replica.service)
        if clock and inside.clock.strip() not in RIGHT_CLOCKS:
            what = f"its clock is moved by {inside.clock}"
            yield _differs(replica, what, "write_clock", file=clock.file, offset="+0", user=inside.user)
        ledger = spec.vram.get(replica.service)
        if ledger and seen.vram.get(where, 0.0) > 0:
            what = f"its VRAM is filled to {seen.vram[where]:g}%"
            empty = {"method": "POST", "port": ledger.port, "path": ledger.path, "body": {"percent": 0}}
            yield _differs(replica, what, "http_request", **empty)


def _differs(replica: Replica, what: str, verb: str, **wanted: object) -> Difference:
    name = ".".join(("clean", str(replica), verb, *wanted))
    undo = Undo(name, verb, replica.service, replica.number, wanted)
    return Difference(str(replica), what, undo)


def _proxies(spec: LabSpec, seen: Seen) -> Iterator[Difference]:
    if seen.proxies is None:
        assert spec.toxiproxy is not None
        yield Difference(
            "toxiproxy",
            f"does not answer: {seen.proxies_error}",
            Undo("clean.toxiproxy", "wait_healthy", spec.toxiproxy.service),
        )
        return
    for link in spec.links.values():
        state = seen.proxies.get(link.name)
        if state is None:
            yield Difference(link.name, "the proxy is missing", _creation(link))
            continue
        if (state.listen, state.upstream) != (link.listen, link.upstream):
            yield Difference(
                link.name,
                f"the proxy is {state.listen} -> {state.upstream}, declared {link.listen} -> {link.upstream}",
                _creation(link),
            )
        if not state.enabled:
            yield Difference(
                link.name,
                "the proxy is disabled",
                Undo(f"clean.{link.name}.enable", "enable_proxy", "", 0, {"link": link.name}),
            )
    for proxy in seen.proxies.values():
        for toxic in proxy.toxics:
            undo = Undo(
                f"clean.{proxy.name}.{toxic.name}", "remove_toxic", "", 0, {"link": proxy.name, "toxic": toxic.name}
            )
            yield Difference(proxy.name, f"toxic {toxic.name} ({toxic.type}, {toxic.stream})", undo)


def _creation(link: Link) -> Undo:
    return Undo(
        f"clean.{link.name}.create",
        "create_proxy",
        "",
        0,
        {"link": link.name, "listen": link.listen, "upstream": link.upstream},
    )
