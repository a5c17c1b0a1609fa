"""Looks at the lab: gathers what `clean.compare` judges."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from chaoslab.errors import ChaoslabError, EngineGone
from chaoslab.lab.clean import MARK, Inside, Seen
from chaoslab.model.lab import LabSpec
from chaoslab.model.replica import Replica
from chaoslab.parse.answer import number_at
from chaoslab.undo import Process, Reach, count_rules, processes
from chaoslab.undo.shell import LOOK

AT_ONCE = 4
REQUEST_SECONDS = 1.0


def look(reach: Reach, spec: LabSpec, services: frozenset[str] | None = None, *, rules: bool, ours: str) -> Seen:
    """Gather the state of the named services, or of all.

    `rules`: also look for packet rules in every container's network namespace, which takes a helper container each
    (about 0.4 s). `ours`: run id whose helpers are in use and not left-overs. Raises EngineGone.
    """
    replicas = tuple(
        replica for replica in reach.engine.replicas(reach.project) if services is None or replica.service in services
    )
    running = [replica for replica in replicas if replica.running]
    found = processes(reach, running)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        inside = list(zip(running, pool.map(lambda replica: _inside(reach, spec, replica), running), strict=True))
        levels = list(zip(running, pool.map(lambda replica: _vram(reach, spec, replica), running), strict=True))
        counted = list(pool.map(lambda replica: count_rules(reach, replica), running)) if rules else []
    proxies, error = None, "it is not running"
    if reach.toxiproxy is not None:
        try:
            proxies = reach.toxiproxy.proxies()
        except EngineGone:
            raise
        except ChaoslabError as failure:
            error = failure.message
    return Seen(
        replicas=replicas,
        proxies=proxies,
        proxies_error=error,
        stopped={str(replica): _pids(found[replica.id], lambda process: process.state == "T") for replica in running},
        marked={str(replica): _pids(found[replica.id], lambda process: MARK in process.command) for replica in running},
        rules={str(replica): number for replica, number in zip(running, counted, strict=False)},
        helpers={
            helper["Id"]: helper["Names"][0].lstrip("/")
            for helper in reach.engine.helpers(reach.project)
            if helper["Labels"].get("chaoslab.run") != ours
        },
        inside={str(replica): found for replica, found in inside if found is not None},
        vram={str(replica): level for replica, level in levels if level is not None},
    )


def _inside(reach: Reach, spec: LabSpec, replica: Replica) -> Inside | None:
    """Look from inside (one exec, about 80 ms); None where that cannot be: no shell, hence nothing of ours, or it ended meanwhile."""
    clock = spec.clocks.get(replica.service)
    try:
        code, output = reach.engine.execute(replica.id, ["sh", "-c", LOOK, "sh", clock.file if clock else ""])
    except EngineGone:
        raise
    except ChaoslabError:
        return None
    return read_inside(output) if code == 0 else None


def read_inside(output: str) -> Inside:
    """Read the answer of LOOK."""
    found: dict[str, list[str]] = {}
    for line in output.splitlines():
        key, _, value = line.partition(" ")
        found.setdefault(key, []).append(value.strip())
    nofile, declared = found.get("nofile", [""])[0], found.get("declared", [""])[0]
    user = ":".join((*found.get("uid", ()), *found.get("gid", ())))
    return Inside(
        int(nofile) if nofile.isdigit() else 0,
        int(declared) if declared.isdigit() else 0,
        tuple(dict.fromkeys(path.replace("//", "/") for path in found.get("file", ()))),
        found.get("clock", [""])[0],
        user,
    )


def _vram(reach: Reach, spec: LabSpec, replica: Replica) -> float | None:
    """Ask a service's VRAM ledger; None where it has none or does not answer (then its health says so)."""
    ledger = spec.vram.get(replica.service)
    if ledger is None or reach.request is None:
        return None
    url = f"{replica.service}[{replica.number}]:{ledger.port}{ledger.path}"
    try:
        reply = reach.request("GET", url, timeout_seconds=REQUEST_SECONDS)
    except EngineGone:
        raise
    except ChaoslabError:
        return None
    return number_at(reply.body, ledger.level)


def _pids(rows: Iterable[Process], wanted: Callable[[Process], bool]) -> tuple[int, ...]:
    return tuple(process.pid for process in rows if wanted(process))
