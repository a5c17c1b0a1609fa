"""Wires the queen together from its environment."""

from services import environment
from services.asgi import App
from services.bugs import parse_bugs
from services.gate import Gate
from services.http_peer import Peer
from services.log import Log
from services.metrics import Metrics
from services.queen.api import Api
from services.queen.gateway import Gateway, Limits
from services.queen.records import Records, connect
from services.retry import Backoff
from services.serve import Service


def build() -> Service:
    """The queen, not yet listening; raises ValueError for a bad setting."""
    bugs = parse_bugs(environment.text("LAB_BUGS", ""))
    log = Log("queen-rbee", environment.hostname())
    metrics = Metrics()
    gateway = Gateway(
        hive=Peer(
            environment.text("HIVE_URL", "http://127.0.0.1:9201"),
            connect_seconds=None if bugs.no_timeout else environment.number("CONNECT_SECONDS", 0.4),
            reconnect=not bugs.no_reconnect,
        ),
        limits=Limits(
            attempt_seconds=environment.number("ATTEMPT_SECONDS", 2.0),
            deadline_seconds=environment.number("DEADLINE_SECONDS", 3.0),
            backoff=Backoff(first_seconds=0.05, cap_seconds=0.5),
        ),
        bugs=bugs,
        failures=metrics.counter(
            "queen_hive_attempts_failed_total", "Attempts on the hive that were tried again.", "why"
        ),
    )
    records = Records(
        connect(environment.text("REDIS_URL", "redis://127.0.0.1:6379")),
        log,
        written=metrics.counter("queen_records_written_total", "Task states written to Redis."),
        dropped=metrics.counter("queen_records_dropped_total", "Task states given up, Redis being too slow or away."),
    )
    gate = Gate(
        places=int(environment.number("MAX_IN_FLIGHT", 128)),
        line=int(environment.number("MAX_WAITING", 256)),
        wait_seconds=environment.number("MAX_WAIT_SECONDS", 0.25),
    )
    metrics.gauge("queen_tasks_in_flight", "Tasks being done.", lambda: gate.inside)
    metrics.gauge("queen_tasks_waiting", "Tasks waiting for a place.", lambda: len(gate.room))
    api = Api(
        gate,
        gateway,
        records,
        metrics,
        answers=metrics.counter("queen_tasks_total", "Answers to POST /v2/tasks.", "status"),
        durations=metrics.histogram("queen_task_seconds", "Duration of completed tasks."),
    )
    app = App(
        api.routes(), lambda path, problem: log("handler failed", level="error", path=path, problem=repr(problem))
    )
    return Service(app, int(environment.number("PORT", 8081)), log, background=(records.write_forever,))
