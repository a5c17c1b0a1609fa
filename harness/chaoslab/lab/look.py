"""Looks at the lab: gathers what `clean.compare` judges."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from chaoslab.errors import ChaoslabError, EngineGone
from chaoslab.lab.clean import MARK, Seen
from chaoslab.model.replica import Replica
from chaoslab.undo import Reach, count_rules

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
    with ThreadPoolExecutor(AT_ONCE) as pool:
        processes = list(zip(running, pool.map(lambda replica: _processes(reach, replica), running), strict=True))
        counted = (
            list(zip(running, pool.map(lambda replica: count_rules(reach, replica), running), strict=True))
            if rules
            else []
        )
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
        stopped={str(replica): _pids(rows, stopped=True) for replica, rows in processes},
        marked={str(replica): _pids(rows, stopped=False) for replica, rows in processes},
        rules={str(replica): number for replica, number in counted},
        helpers={
            helper["Id"]: helper["Names"][0].lstrip("/")
            for helper in reach.engine.helpers(reach.project)
            if helper["Labels"].get("chaoslab.run") != ours
        },
    )


def _processes(reach: Reach, replica: Replica) -> list[dict[str, str]]:
    try:
        return reach.engine.processes(replica.id)
    except EngineGone:
        raise
    except ChaoslabError:  # it ended meanwhile: the next look sees that
        return []


def _pids(rows: Iterable[dict[str, str]], *, stopped: bool) -> tuple[int, ...]:
    if stopped:
        return tuple(int(row["pid"]) for row in rows if row["stat"].startswith("T"))
    return tuple(int(row["pid"]) for row in rows if MARK in row["args"])
