"""What measuring and starting cost: the observer's CPU, and `chaoslab --help` against a bare Python."""

import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.row import Row
from chaoslab.clock import NS_PER_SECOND, SystemClock
from chaoslab.observe.observer import Observer
from engine.mini_lab import ACROSS, HEALTH, TOOLBOX, MiniLab
from unit.observe.plain import Collected

WINDOW_SECONDS = 10.0
STARTS = 15


def observer_cost(lab: MiniLab) -> list[Row]:
    """Measure the observer at 6 endpoints x 20 Hz, and 7 x 200 Hz."""
    observer = Observer.start(lab.engine, lab.spec, Collected(), name=None, image=TOOLBOX, labels={})
    clock = SystemClock()
    try:
        lab.populate(observer)
        probes = [(HEALTH, ACROSS)[place % 2].model_copy(update={"name": f"probe-{place}"}) for place in range(7)]
        observer.watch(probes[:6])
        clock.sleep(1)
        before = observer.stats()
        clock.sleep(WINDOW_SECONDS)
        calm = observer.stats().since(before)
        observer.watch(probes)
        observer.boost(200)
        clock.sleep(1)
        before = observer.stats()
        clock.sleep(WINDOW_SECONDS)
        boosted = observer.stats().since(before)
    finally:
        observer.stop()
    return [
        Row("observer CPU, 6 endpoints x 20 Hz", calm.cpu_percent_of_one_core, 10, "% of a core"),
        Row("observer CPU, 7 endpoints x 200 Hz", boosted.cpu_percent_of_one_core, 60, "% of a core"),
        Row("sends later than 5 ms, 7 endpoints x 200 Hz", 100 * boosted.late_sends / max(1, boosted.samples), 5, "%"),
    ]


def start_up() -> list[Row]:
    """Compare `chaoslab --help` with `python -c pass`."""
    script = Path(sys.executable).with_name("chaoslab")
    ours = [str(script), "--help"] if script.exists() else [sys.executable, "-m", "chaoslab", "--help"]
    bare = _median_seconds([sys.executable, "-c", "pass"])
    return [Row("chaoslab --help / python -c pass", _median_seconds(ours) / bare, 10, "times")]


def _median_seconds(argv: Sequence[str]) -> float:
    clock, took = SystemClock(), []
    for _ in range(STARTS):
        began = clock.now_ns()
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        took.append((clock.now_ns() - began) / NS_PER_SECOND)
    return statistics.median(took)
