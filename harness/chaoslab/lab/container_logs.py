"""What the lab's containers logged in a scenario: kept in the run folder, bounded, and searched for what a file expects."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from chaoslab.clock import NS_PER_SECOND
from chaoslab.errors import ChaoslabError
from chaoslab.lab.lab import Lab
from chaoslab.model.plan import PlannedScenario
from chaoslab.model.replica import Replica

MOST_LINES = 20_000
"""Read from one container; of a longer log the newest."""
KEPT_BYTES = 256 * 1024
"""Kept of one container's log in the run folder, the newest."""
MOST_MATCHES = 200
SHOWN_CHARACTERS = 300


class Line(NamedTuple):
    """One log line. `at_ns`: lab time, as the engine stamped it."""

    at_ns: int
    text: str


def keep_logs(lab: Lab, planned: PlannedScenario, since_ns: int, replicas: Iterable[Replica]) -> None:
    """Store each container's log since an instant, and tell the history what expectations look for in it."""
    wanted = {(ask.of or "", ask.name or "") for ask in planned.scenario.expect if ask.measure == "log_matches"}
    read: dict[str, dict[str, list[Line]]] = {}
    failed: dict[str, str] = {}
    for replica in replicas:
        try:
            read.setdefault(replica.service, {})[str(replica)] = _kept(lab, planned, since_ns, replica)
        except ChaoslabError as error:
            failed[replica.service] = error.message
    for service, pattern in sorted(wanted):
        data: dict[str, Any] = {"service": service, "pattern": pattern}
        if service in failed or service not in read:
            lab.history.event("log_matches", **data, error=failed.get(service, "it has no containers"))
        else:
            found = matching(pattern, read[service])
            lab.history.event("log_matches", **data, **found)


def matching(pattern: str, logs: Mapping[str, list[Line]]) -> dict[str, Any]:
    """Search the logs of a service's replicas: matching lines with their instants, how many were read, whether that was not all."""
    regex = re.compile(pattern)
    lines = [
        {"at_ns": line.at_ns, "replica": replica, "text": line.text[:SHOWN_CHARACTERS]}
        for replica, read in logs.items()
        for line in read
        if regex.search(line.text)
    ]
    return {
        "lines": lines[:MOST_MATCHES],
        "scanned": sum(map(len, logs.values())),
        "truncated": len(lines) > MOST_MATCHES or any(len(read) >= MOST_LINES for read in logs.values()),
    }


def _kept(lab: Lab, planned: PlannedScenario, since_ns: int, replica: Replica) -> list[Line]:
    offset_ns = lab.observer.real_minus_mono_ns
    since_seconds = (since_ns + offset_ns) / NS_PER_SECOND
    raw = lab.engine.logs(replica.id, MOST_LINES, since_seconds=since_seconds)
    lines = list(parsed(raw, offset_ns))
    if lines and lab.history.folder is not None:
        text = raw[-KEPT_BYTES:] if len(raw) > KEPT_BYTES else raw
        lab.history.folder.write(f"logs/{planned.key}/{replica.service}-{replica.number}.log", text)
    return lines


def parsed(raw: str, offset_ns: int) -> Iterator[Line]:
    """Read the engine's time-stamped log; `offset_ns`: its wall clock less lab time. What has no stamp goes on from the line before."""
    at_ns = 0
    for line in raw.splitlines():
        stamp, _, text = line.partition(" ")
        instant = instant_ns(stamp)
        at_ns = at_ns if instant is None else instant - offset_ns
        yield Line(at_ns, line if instant is None else text)


def instant_ns(stamp: str) -> int | None:
    """Read RFC 3339 with nanoseconds in UTC, as the engine writes it: ns since the Unix epoch; None when it is none."""
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    try:
        seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
        return seconds * NS_PER_SECOND + int(fraction.ljust(9, "0")[:9] or 0)
    except ValueError:
        return None
