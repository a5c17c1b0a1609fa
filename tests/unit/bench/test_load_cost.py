"""The cost of a request: counters and requests put together, from recorded and made-up readings."""

import json
from pathlib import Path
from typing import cast

import pytest

from bench.cpu import Reading, Used, of_container, of_host
from bench.load import REST, table
from bench.load_cost import HOST, Cost, cost, median
from chaoslab.model.load import LoadRow
from chaoslab.tools.engine import Engine

RECORDED = Path(__file__).parents[2] / "recorded" / "engine-stats-20.10-cgroup-v1.json"


class Told:
    """An engine that tells what was recorded."""

    def __init__(self, said: str = "", code: int = 0) -> None:
        self.said, self.code = said, code

    def stats(self, _: str) -> object:
        """One container's."""
        return json.loads(RECORDED.read_text())

    def execute(self, _: str, argv: list[str]) -> tuple[int, str]:
        """What `cat` printed."""
        return self.code, self.said


def told(said: str = "", code: int = 0) -> Engine:
    """As the engine's door."""
    return cast("Engine", Told(said, code))


def test_a_containers_counter_comes_with_its_own_instant() -> None:
    """The engine's answer says when it was read: a second's age does not spoil the rate."""
    used = of_container(told(), "c1")
    recorded = json.loads(RECORDED.read_text())
    assert used.cpu_seconds == recorded["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
    assert used.at_seconds > 1_600_000_000


def test_the_hosts_work_is_what_was_neither_idle_nor_waiting() -> None:
    """Guests are counted in user time already; a container that cannot tell is said."""
    said = "12.50 20.00\ncpu  100 10 200 5000 300 20 30 40 7 7\ncpu0 1 1\n"
    assert of_host(told(said), "c1") == Used(4.0, 12.5)
    with pytest.raises(LookupError, match="no such file"):
        of_host(told("no such file", code=1), "c1")


def reading(at: float, queen: float, workers: tuple[float, float], host: float, throttled: int = 0) -> Reading:
    """Seconds used up to an instant."""
    services = {"queen": (Used(queen, at, throttled),), "worker": tuple(Used(used, at) for used in workers)}
    return Reading(services, Used(host, at))


def test_cost_is_cpu_per_request_with_replicas_together() -> None:
    """1 s of CPU in 10 s at 100 requests a second is a millisecond each; what is left of the host has a line of its own."""
    rows = [LoadRow("t", 0, 1000 * number, 200 if number <= 100 else 503) for number in range(1, 102)]
    found = cost(reading(0, 0, (1, 2), 0), reading(10, 1, (1.5, 2.5), 5, throttled=3), rows, 100.0)
    assert found.us == pytest.approx({"queen": 1000, "worker": 1000, HOST: 5000})
    assert (found.failed, found.p95_ms, found.throttled) == (1, 96.0, {"queen": 3, "worker": 0})
    assert table(found.us)[REST] == pytest.approx(3000)


def test_the_median_of_each_number_is_told() -> None:
    """One disturbed window of three does not show, but its failures do."""
    costs = [Cost({"q": us, HOST: 9.0}, 100.0, failed, 50.0, {"q": 1}) for us, failed in ((1.0, 0), (9.0, 4), (2.0, 0))]
    assert median(costs) == Cost({"q": 2.0, HOST: 9.0}, 100.0, 4, 50.0, {"q": 3})
