"""Metrics and logs."""

import io
import json

from services.log import LINES_PER_SECOND, Log
from services.metrics import Metrics


def test_metrics_are_prometheus_text() -> None:
    """Each metric has help and type; buckets are cumulative; an unmoved counter is 0."""
    metrics = Metrics()
    metrics.counter("tasks_total", "Tasks.", "status").add("200")
    metrics.counter("lost_total", "Lost.")
    metrics.gauge("open", "Open.", lambda: 3)
    durations = metrics.histogram("seconds", "Durations.")
    durations.observe(0.02)
    durations.observe(99)
    text = metrics.render()
    assert '# TYPE tasks_total counter\ntasks_total{status="200"} 1\n' in text
    assert "\nlost_total 0\n" in text
    assert "# TYPE open gauge\nopen 3\n" in text
    assert 'seconds_bucket{le="0.01"} 0\nseconds_bucket{le="0.025"} 1\n' in text
    assert 'seconds_bucket{le="+Inf"} 2\nseconds_sum 99.020000\nseconds_count 2\n' in text


def test_a_storm_of_one_event_is_thinned_and_counted() -> None:
    """Within a second only so many lines of one event are written; other events are not touched; the rest is counted."""
    stream, now = io.StringIO(), [1000.25]
    log = Log("queen", "host", stream=stream, clock=lambda: now[0])
    for _ in range(LINES_PER_SECOND + 5):
        log("retry", why="x")
    log("other")
    now[0] += 1
    log("retry", level="warning")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["retry"] * LINES_PER_SECOND + ["other", "retry"]
    assert lines[-1] == {
        "ts": 1001.25, "level": "warning", "service": "queen", "host": "host", "event": "retry", "left_out": 5,
    }  # fmt: skip
