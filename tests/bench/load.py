"""`python -m bench.load`: what a request costs in CPU, hop by hop, under a load that does not change. Run with PYTHONPATH=tests.

Microseconds are the machine's own; the ratio of two measurements on one machine is not: `--against` judges a change.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from bench.load_cost import HOST, Bench, Cost, median
from chaoslab.lab.session import Project, bring_up, read_project
from chaoslab.tools.engine import Engine

LAB = Path("compose/lab.yml")
REST = "rest of the host"


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        prog="bench.load", description="Measure the CPU that one request costs, hop by hop, and on the whole host."
    )
    parser.add_argument("--users", type=int, default=400, help="simulated users, 0.5 to 2 s of thought (default 400)")
    parser.add_argument("--seconds", type=float, default=15, help="length of each window (default 15)")
    parser.add_argument("--repeats", type=int, default=3, help="windows, of which the median is told (default 3)")
    parser.add_argument("--json", type=Path, help="write the numbers to this file as well")
    parser.add_argument("--against", type=Path, help="numbers of an earlier measurement here: show the ratios")
    options = parser.parse_args()
    earlier: dict[str, float] = json.loads(options.against.read_text())["us"] if options.against else {}
    with lab() as (engine, project):
        bench = Bench(engine, project, options.users, options.seconds)
        told = median([bench.measure() for _ in range(options.repeats)])
        show(told, earlier)
        if options.json:
            options.json.write_text(json.dumps({"users": options.users, **asdict(told)}, indent=2) + "\n")
    return 1 if told.failed else 0


@contextmanager
def lab() -> Iterator[tuple[Engine, Project]]:
    """The lab, up; it is left as it was found."""
    project = read_project((LAB,))
    engine = Engine(project.endpoint)
    was_up = any(replica.running for replica in engine.replicas(project.spec.project))
    bring_up(project, engine)
    try:
        yield engine, project
    finally:
        if not was_up:
            project.compose.down(volumes=False)


def show(told: Cost, earlier: dict[str, float]) -> None:
    """Print the table."""
    rows = table(told.us)
    before = table(earlier) if earlier else {}
    print(f"{'CPU per request':20}  {'us':>8}  {'share':>6}  {'throttled':>9}  {'ratio' if earlier else ''}")  # noqa: T201 - this program's output
    for hop, us in rows.items():
        ratio = f"{us / before[hop]:5.2f}" if before.get(hop) else ""
        share = f"{100 * us / told.us[HOST]:.0f}%"
        print(f"{hop:20}  {us:8.1f}  {share:>6}  {told.throttled.get(hop, ''):>9}  {ratio}")  # noqa: T201 - the same
    print(f"{told.per_second:.0f} requests per second, p95 {told.p95_ms:.0f} ms, {told.failed} not accepted")  # noqa: T201 - the same


def table(us: dict[str, float]) -> dict[str, float]:
    """Hops by cost, what the host did beside them, and the sum."""
    hops = {hop: used for hop, used in sorted(us.items(), key=lambda item: -item[1]) if hop != HOST}
    return {**hops, REST: us[HOST] - sum(hops.values()), HOST: us[HOST]}


if __name__ == "__main__":
    sys.exit(main())
