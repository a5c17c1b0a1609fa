"""Wires the trader together from its environment."""

import os

from services import environment, redis_client
from services.acceptor import open_descriptors
from services.breaker import Breaker
from services.bugs import Bugs, parse_bugs
from services.gate import Gate
from services.http_app import App
from services.log import Log
from services.metrics import Metrics
from services.postgres import Database, Limits
from services.serve import Service
from services.trader.api import Api
from services.trader.book import Book
from services.trader.leadership import Leadership, Pace
from services.trader.loops import TURN_SECONDS, Loops
from services.trader.throttle import Throttle

CONNECTIONS = 3


def build() -> Service:
    """A trader, not yet listening; raises ValueError for a bad setting."""
    bugs = parse_bugs(environment.text("LAB_BUGS", ""))
    log = Log("trader", environment.hostname())
    metrics = Metrics()
    pace = Pace()
    identity = f"{environment.hostname()}-{os.urandom(4).hex()}"
    leadership = Leadership(redis_client.connect(pace.answer_seconds), identity, pace, bugs, log)
    book = Book(build_database(bugs, log, metrics))
    throttle = Throttle(
        per_second=environment.number("ORDERS_PER_SECOND", 50),
        burst=int(environment.number("ORDERS_AT_ONCE", 10)),
        size=int(environment.number("QUEUE_SIZE", 1000)),
        refills=not bugs.no_drain,
    )
    filled = metrics.counter("trader_orders_filled_total", "Orders that this trader filled.")
    loops = Loops(leadership, book, throttle, log, filled)
    metrics.gauge("trader_is_leader", "1 while this trader leads.", lambda: leadership.leads)
    metrics.gauge("trader_paused", "1 while Redis is out of reach.", lambda: leadership.paused)
    metrics.gauge("trader_fencing_token", "The token it leads with, else 0.", lambda: leadership.token or 0)
    metrics.gauge("trader_queue_depth", "Orders that wait for their turn.", lambda: len(throttle))
    metrics.gauge_by_label(
        "trader_heartbeat_age_seconds", "Seconds since each loop's last turn ended.", "loop", loops.ages
    )
    metrics.gauge("trader_price", "Where the simulated market stands.", lambda: loops.price)
    metrics.gauge("process_open_fds", "Open file descriptors.", open_descriptors)
    app = App(
        Api(leadership, loops, book, metrics).routes(),
        lambda path, problem: log("handler failed", level="error", path=path, problem=repr(problem)),
    )
    return Service(
        app,
        int(environment.number("PORT", 9401)),
        log,
        background=(
            leadership.keep_forever,
            book.database.keep_forever,
            *(loops.forever(name) for name in TURN_SECONDS),
        ),
        drain=leadership.release,
        has_reserve=not bugs.no_reserve,
    )


def build_database(bugs: Bugs, log: Log, metrics: Metrics) -> Database:
    """The way to PostgreSQL."""
    return Database(
        environment.text("POSTGRES_URL", "postgresql://lab@127.0.0.1:5432/lab"),
        Limits(attempt_seconds=1.0, deadline_seconds=3.0, keep=CONNECTIONS),
        Gate(CONNECTIONS, line=CONNECTIONS, wait_seconds=0.5),
        Breaker(failures_allowed=5, pause_seconds=0.5, works=not bugs.no_breaker),
        log,
        metrics.counter("trader_database_attempts_failed_total", "Attempts on PostgreSQL that failed.", "why"),
    )
