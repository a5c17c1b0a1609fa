"""Wires the queen together from its environment."""

from redis.asyncio import Redis

from services import environment, redis_client
from services.acceptor import open_descriptors
from services.breaker import Breaker
from services.bugs import Bugs, parse_bugs
from services.gate import Gate
from services.http_app import App
from services.http_peer import Peer
from services.log import Log
from services.metrics import Metrics
from services.postgres import Database
from services.postgres import Limits as DatabaseLimits
from services.queen.api import Api
from services.queen.auth_api import AuthApi
from services.queen.gateway import Gateway, Limits
from services.queen.orders import Orders
from services.queen.orders_api import OrdersApi
from services.queen.records import ANSWER_SECONDS, Records
from services.queen.tokens import Tokens
from services.queen.vault import LEGACY, Key, Vault
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
    redis = redis_client.connect(ANSWER_SECONDS)
    records = Records(
        redis,
        log,
        written=metrics.counter("queen_records_written_total", "Task states written to Redis."),
        dropped=metrics.counter("queen_records_dropped_total", "Task states given up, Redis being too slow or away."),
    )
    gate = Gate(
        places=int(environment.number("MAX_IN_FLIGHT", 96)),
        line=int(environment.number("MAX_WAITING", 256)),
        wait_seconds=environment.number("MAX_WAIT_SECONDS", 0.25),
        standing_seconds=environment.number("STANDING_WAIT_SECONDS", 0.02),
    )
    metrics.gauge("queen_tasks_in_flight", "Tasks being done.", lambda: gate.inside)
    metrics.gauge("queen_tasks_waiting", "Tasks waiting for a place.", lambda: len(gate.room))
    metrics.gauge(
        "queen_hive_failures_per_second", "Failed attempts on the hive within a second.", gateway.rate.per_second
    )
    metrics.gauge("process_open_fds", "Open file descriptors.", open_descriptors)
    database = build_database(bugs, log, metrics)
    vault = build_vault(bugs, log, metrics, redis)
    api = Api(
        gate,
        gateway,
        records,
        database,
        metrics,
        answers=metrics.counter("queen_tasks_total", "Answers to POST /v2/tasks.", "status"),
        durations=metrics.histogram("queen_task_seconds", "Duration of completed tasks."),
    )
    auth_api = AuthApi(
        {environment.text("ADMIN_USER", "admin"): environment.text("ADMIN_PASSWORD", "admin123")},
        Tokens(vault),
        vault,
        gateway.hive,
        api.dependencies,
        logins=metrics.counter("queen_logins_total", "Answers to POST /auth/login.", "status"),
    )
    orders_api = OrdersApi(
        Orders(database, bugs), vault, metrics.counter("queen_orders_total", "Answers to POST /orders.", "status")
    )
    app = App(
        api.routes() | auth_api.routes() | orders_api.routes(),
        lambda path, problem: log("handler failed", level="error", path=path, problem=repr(problem)),
    )
    return Service(
        app,
        int(environment.number("PORT", 8081)),
        log,
        background=(records.write_forever, vault.refresh_forever, database.keep_forever),
        has_reserve=not bugs.no_reserve,
    )


def build_database(bugs: Bugs, log: Log, metrics: Metrics) -> Database:
    """The way to PostgreSQL. Its waits add up to 3.5 s at most."""
    places = int(environment.number("DATABASE_CONNECTIONS", 16))
    gate = Gate(places, line=2 * places, wait_seconds=0.5)
    breaker = Breaker(failures_allowed=5, pause_seconds=0.5, works=not bugs.no_breaker)
    metrics.gauge("queen_breaker_open", "1 while the circuit breaker refuses.", lambda: breaker.is_open)
    metrics.gauge("queen_connections_in_use", "Connections to PostgreSQL at work.", lambda: gate.inside)
    metrics.gauge("queen_connections_awaited", "Requests that wait for a connection.", lambda: len(gate.room))
    return Database(
        environment.text("POSTGRES_URL", "postgresql://lab@127.0.0.1:5432/lab"),
        DatabaseLimits(
            attempt_seconds=environment.number("DATABASE_ATTEMPT_SECONDS", 1.0),
            deadline_seconds=environment.number("DATABASE_DEADLINE_SECONDS", 3.0),
            keep=places,
        ),
        gate,
        breaker,
        log,
        metrics.counter("queen_database_attempts_failed_total", "Attempts on PostgreSQL that failed.", "why"),
    )


def build_vault(bugs: Bugs, log: Log, metrics: Metrics, redis: Redis) -> Vault:
    """JWT keys and API keys. The defaults are the lab's; nothing outside it knows them."""
    vault = Vault(
        redis,
        Key(LEGACY, 0.0, environment.text("JWT_LEGACY_KEY", "the-lab's-legacy-key-of-at-least-32-bytes")),
        ("lab", environment.text("FIRST_API_KEY", "lab-key")),
        bugs,
        log,
    )
    metrics.gauge("queen_jwt_legacy", "1 while tokens are signed with the legacy key.", lambda: vault.mode == LEGACY)
    return vault
