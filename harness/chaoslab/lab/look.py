"""Looks at the lab: gathers what `clean.compare` judges."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from chaoslab.errors import ChaoslabError, EngineGone
from chaoslab.lab.clean import MARK, Seen
from chaoslab.undo import Process, Reach, count_rules, processes

AT_ONCE = 4


def look(reach: Reach, services: frozenset[str] | None = None, *, rules: bool, ours: str) -> Seen:
    """Gather the state of the named services, or of all.

    `rules`: also look for packet rules in every container's network namespace, which takes a helper container each
    (about 0.4 s). `ours`: run id whose helpers are in use and not left-overs. Raises EngineGone.
    """
    replicas = tuple(
        replica for replica in reach.engine.replicas(reach.project) if services is None or replica.service in services
    )
    running = [replica for replica in replicas if replica.running]
    found = processes(reach, running)
    counted: list[int] = []
    if rules:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            counted = list(pool.map(lambda replica: count_rules(reach, replica), running))
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
    )


def _pids(rows: Iterable[Process], wanted: Callable[[Process], bool]) -> tuple[int, ...]:
    return tuple(process.pid for process in rows if wanted(process))
