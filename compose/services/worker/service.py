"""Wires the worker together from its environment."""

from services import environment
from services.acceptor import open_descriptors
from services.bugs import parse_bugs
from services.http_app import App
from services.http_peer import Peer
from services.log import Log
from services.metrics import Metrics
from services.retry import Backoff
from services.serve import Service
from services.worker.api import Api
from services.worker.inference import Engine
from services.worker.registration import Pace, Registration
from services.worker.vram import Vram


def build() -> Service:
    """A worker, not yet listening; raises ValueError for a bad setting."""
    bugs = parse_bugs(environment.text("LAB_BUGS", ""))
    log = Log("mock-worker", environment.hostname())
    metrics = Metrics()
    port = int(environment.number("PORT", 9301))
    engine = Engine(environment.hostname(), slots=int(environment.number("WORKER_SLOTS", 16)))
    hive = Peer(
        environment.text("HIVE_URL", "http://127.0.0.1:9201"),
        connect_seconds=environment.number("CONNECT_SECONDS", 0.4),
        reconnect=not bugs.no_reconnect,
    )
    pace = Pace(
        heartbeat_seconds=environment.number("HEARTBEAT_SECONDS", 0.3),
        answer_seconds=environment.number("ANSWER_SECONDS", 0.5),
        backoff=Backoff(first_seconds=0.05, cap_seconds=0.5),
    )
    registration = Registration(hive, engine, port, pace, log)
    metrics.gauge("worker_tasks_in_flight", "Tasks being done.", lambda: engine.busy_slots)
    metrics.gauge("worker_registered", "1 while the hive knows this worker.", lambda: registration.session is not None)
    answers = metrics.counter("worker_tasks_total", "Answers to tasks.", "status")
    metrics.gauge("process_open_fds", "Open file descriptors.", open_descriptors)
    vram = Vram(bugs)
    metrics.gauge("worker_vram_percent", "Simulated video memory that others take.", lambda: vram.percent)
    api = Api(engine, registration, vram, metrics, answers)
    app = App(
        api.routes(), lambda path, problem: log("handler failed", level="error", path=path, problem=repr(problem))
    )
    return Service(
        app,
        port,
        log,
        background=(registration.keep_forever,),
        drain=api.drain,
        has_reserve=not bugs.no_reserve,
    )
