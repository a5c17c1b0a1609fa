"""Parts of the hive, made for tests: a clock that is set by hand, workers at given addresses."""

import io

from services.bugs import Bugs
from services.hive.dispatch import Dispatch, Limits
from services.hive.pool import Pool, Worker
from services.hive.roster import Patience, Roster
from services.http_peer import Peer
from services.log import Log
from services.metrics import Counter
from services.retry import Backoff


class Clock:
    """Stands still until moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Tell the time in seconds."""
        return self.now


def make_roster(bugs: Bugs | None = None, clock: Clock | None = None) -> Roster:
    """A hive's roster and pool; suspicion after 0.9 s of silence, removal after 1.5 s."""
    return Roster(
        Pool(bugs or Bugs(), line=10, wait_seconds=0.2),
        Patience(suspect_seconds=0.9, dead_seconds=1.5),
        Log("hive", "test", stream=io.StringIO()),
        removed=Counter("removed"),
        dial=lambda url: Peer(url, connect_seconds=0.5),
        bugs=bugs or Bugs(),
        clock=clock or Clock(),
    )


def make_dispatch(roster: Roster, attempt_seconds: float = 0.2) -> Dispatch:
    """Dispatch with the deadline at ten attempts."""
    limits = Limits(attempt_seconds, 10 * attempt_seconds, Backoff(0.01, 0.02))
    return Dispatch(roster.pool, roster, limits, roster.pool.bugs, failures=Counter("failures", "why"))


def register(roster: Roster, hostname: str, url: str = "http://127.0.0.1:9", slots: int = 2) -> Worker:
    """A worker that has been through the whole handshake."""
    worker = roster.introduce(hostname, url, slots)
    while worker.step:
        roster.complete(hostname, worker.session, worker.step)
    return worker
