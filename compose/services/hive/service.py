"""Wires the hive together from its environment."""

from pathlib import Path

from services import environment
from services.acceptor import open_descriptors
from services.bugs import parse_bugs
from services.hive.api import Api
from services.hive.dispatch import Dispatch, Limits
from services.hive.pool import Pool
from services.hive.roster import Patience, Roster
from services.hive.spool import Spool
from services.http_app import App
from services.http_peer import Peer
from services.log import Log
from services.metrics import Metrics
from services.retry import Backoff
from services.serve import Service


def build() -> Service:
    """The hive, not yet listening; raises ValueError for a bad setting."""
    bugs = parse_bugs(environment.text("LAB_BUGS", ""))
    log = Log("rbee-hive", environment.hostname())
    metrics = Metrics()
    pool = Pool(
        bugs,
        line=int(environment.number("MAX_WAITING", 256)),
        wait_seconds=environment.number("MAX_WAIT_SECONDS", 0.25),
    )
    connect_seconds = None if bugs.no_timeout else environment.number("CONNECT_SECONDS", 0.3)
    roster = Roster(
        pool,
        Patience(environment.number("SUSPECT_SECONDS", 0.9), environment.number("DEAD_SECONDS", 1.5)),
        log,
        removed=metrics.counter("hive_workers_removed_total", "Workers found dead."),
        dial=lambda url: Peer(url, connect_seconds),
        bugs=bugs,
    )
    dispatch = Dispatch(
        pool,
        roster,
        Limits(
            attempt_seconds=environment.number("ATTEMPT_SECONDS", 0.8),
            deadline_seconds=environment.number("DEADLINE_SECONDS", 1.8),
            backoff=Backoff(first_seconds=0.02, cap_seconds=0.2),
        ),
        bugs,
        failures=metrics.counter("hive_worker_attempts_failed_total", "Attempts tried again on another worker.", "why"),
    )
    metrics.gauge(
        "hive_workers_ready", "Workers that take tasks.", lambda: sum(not w.suspect for w in pool.workers.values())
    )
    metrics.gauge("hive_tasks_open", "Tasks on workers.", lambda: sum(len(w.slots.open) for w in pool.workers.values()))
    metrics.gauge("hive_tasks_waiting", "Tasks waiting for a slot.", lambda: len(pool.room))
    answers = metrics.counter("hive_tasks_total", "Answers to tasks.", "status")
    metrics.gauge("process_open_fds", "Open file descriptors.", open_descriptors)
    spool = Spool(Path(environment.text("SPOOL", "/spool")), bugs)
    api = Api(pool, roster, dispatch, spool, metrics, answers)
    app = App(
        api.routes(), lambda path, problem: log("handler failed", level="error", path=path, problem=repr(problem))
    )
    return Service(
        app,
        int(environment.number("PORT", 9201)),
        log,
        background=(roster.reap_forever,),
        has_reserve=not bugs.no_reserve,
    )
