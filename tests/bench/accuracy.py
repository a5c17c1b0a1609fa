"""Recovery instant and outage length of the observer against the independent poller: crashes with restart, toxics removed."""

import json
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.row import Row
from chaoslab.clock import NS_PER_MS, SystemClock
from chaoslab.errors import ToolError
from chaoslab.model.history import Sample
from chaoslab.observe.engine_events import EngineEvents
from chaoslab.observe.observer import Observer
from chaoslab.verdict.outages import stream_outages
from engine.mini_lab import ACROSS, API_PORT, HEALTH, LINK_PORT, TOOLBOX, WEB_PORT, MiniLab
from unit.observe.plain import Collected

BOOST_HZ = 200
MEDIAN_MS, WORST_MS = 15.0, 30.0
POLL_SECONDS = 3.0
OUTAGE_SECONDS = 1.0
TOXICS = f"toxiproxy:{API_PORT}/proxies/web-proxy/toxics"


class Bench:
    """A running mini lab with a boosted observer."""

    def __init__(self, lab: MiniLab, observer: Observer, sink: Collected) -> None:
        self.lab = lab
        self.observer = observer
        self.sink = sink
        self.clock = SystemClock()

    def compare(self, probe: str, polled: tuple[str, int, str], disturb: Callable[[], None]) -> tuple[float, float]:
        """Disturb the lab while both look. `polled`: address, port, manner. Returns by how many ms recovery instant and outage length differ."""
        self.sink.samples.clear()
        self.sink.wait(lambda: self.sink.samples and self.sink.samples[-1].good, "a good sample")
        with self.polling(polled) as rows:
            disturb()
        start, end = longest(polled_outages(rows))
        self.sink.wait(lambda: self.sink.samples[-1].sent_ns > rows[-1][0], "samples as late as the polls")
        ours = longest([(span.start_ns, span.end_ns) for span in stream_outages(whole(self.sink.of(probe), rows))])
        return abs(ours[1] - end) / NS_PER_MS, abs((ours[1] - ours[0]) - (end - start)) / NS_PER_MS

    @contextmanager
    def polling(self, polled: tuple[str, int, str]) -> Iterator[list[Any]]:
        """Run the poller around a block; its rows are there after it."""
        rows: list[Any] = []
        api = self.lab.api
        source = (Path(__file__).parent / "poller.py").read_text()
        created = api.create_container(
            TOOLBOX, ["python3", "-u", "-c", source, polled[0], str(polled[1]), str(POLL_SECONDS), polled[2]],
            host_config=api.create_host_config(network_mode=self.lab.project), name=f"{self.lab.project}-poller",
        )["Id"]  # fmt: skip
        try:
            api.start(created)
            while b"ready" not in api.logs(created):
                self.clock.sleep(0.02)
            self.clock.sleep(0.5)
            yield rows
            api.wait(created, timeout=60)
            rows += json.loads(api.logs(created, stderr=False).split(b"\n")[1])
        finally:
            self.lab.engine.remove(created)

    def crash(self) -> tuple[float, float]:
        """Let the web server die and the engine restart it."""
        self.lab.run_web()

        def die() -> None:
            with pytest.raises(ToolError, match="closed"):  # it dies before it can answer
                self.observer.request("POST", f"web:{WEB_PORT}/die")

        return self.compare(HEALTH.name, (self.lab.replica("web").address, WEB_PORT, "fresh"), die)

    def toxic(self) -> tuple[float, float]:
        """Stop all data on the link for a while."""

        def stall() -> None:
            body = {"name": "stall", "type": "timeout", "attributes": {"timeout": 0}}
            assert self.observer.request("POST", TOXICS, body=body).status == 200
            self.clock.sleep(OUTAGE_SECONDS)
            assert self.observer.request("DELETE", f"{TOXICS}/stall").status == 204

        return self.compare(ACROSS.name, (self.lab.replica("toxiproxy").address, LINK_PORT, "kept"), stall)


def polled_outages(rows: list[Any]) -> list[tuple[int, int]]:
    """From the send of the first bad poll to the finish of the next good one; independent of the harness's own maths."""
    points = sorted((finished if good else sent, good) for sent, finished, good in rows)
    found, began = [], 0
    for at, good in points:
        if not good:
            began = began or at
        elif began:
            found.append((began, at))
            began = 0
    return found


def longest(spans: list[tuple[int, int]]) -> tuple[int, int]:
    """Return the longest outage."""
    if not spans:
        raise LookupError("no outage was seen")
    return max(spans, key=lambda span: span[1] - span[0])


def whole(samples: list[Sample], rows: list[Any]) -> list[Sample]:
    """Cut the observer's samples to the poller's window."""
    return [sample for sample in samples if rows[0][0] <= sample.sent_ns <= rows[-1][0]]


def measure(lab: MiniLab, repeats: int) -> list[Row]:
    """Repeat both disturbances and compare."""
    sink = Collected()
    observer = Observer.start(lab.engine, lab.spec, sink, name=None, image=TOOLBOX, labels={})
    events = EngineEvents(lab.engine, lab.project, observer, sink)
    events.start()
    rows: list[Row] = []
    try:
        lab.populate(observer)
        observer.boost(BOOST_HZ)
        bench = Bench(lab, observer, sink)
        for name, probe, disturb in (("crash + restart", HEALTH, bench.crash), ("toxic removed", ACROSS, bench.toxic)):
            observer.watch([probe])
            both = [disturb() for _ in range(repeats)]
            for what, numbers in zip(("recovery instant", "outage length"), zip(*both, strict=True), strict=True):
                rows.append(Row(f"{name}: {what}, median of {repeats}", statistics.median(numbers), MEDIAN_MS, "ms"))
                rows.append(Row(f"{name}: {what}, worst of {repeats}", max(numbers), WORST_MS, "ms"))
    finally:
        events.stop()
        observer.stop()
    return rows
