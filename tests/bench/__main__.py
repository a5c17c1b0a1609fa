"""`python -m bench`: run everything, print one table, exit 1 where a promise is broken."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from bench.accuracy import measure
from bench.cost import observer_cost, start_up
from bench.row import Row
from engine.mini_lab import mini_lab

PARTS = ("accuracy", "cost", "start-up")


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        prog="bench", description="Measure accuracy of recovery, the observer's cost and start-up."
    )
    parser.add_argument("--json", type=Path, help="write the numbers to this file as well")
    parser.add_argument("--repeats", type=int, default=20, help="crashes, and toxics removed, to compare (default 20)")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure only this part")
    options = parser.parse_args()
    wanted = options.only or PARTS
    rows: list[Row] = []
    if "start-up" in wanted:
        rows += start_up()
    if {"accuracy", "cost"} & set(wanted):
        with mini_lab() as lab:
            rows += observer_cost(lab) if "cost" in wanted else []
            rows += measure(lab, options.repeats) if "accuracy" in wanted else []
    width = max(len(row.what) for row in rows)
    print(f"{'what':{width}}  {'measured':>9}  {'at most':>7}  unit")  # noqa: T201 - this program's output
    for row in rows:
        print(f"{row.what:{width}}  {row.measured:9.2f}  {row.limit:7g}  {row.unit}{'' if row.met else '   <- broken'}")  # noqa: T201 - this program's output
    if options.json:
        options.json.write_text(json.dumps([{**asdict(row), "met": row.met} for row in rows], indent=2) + "\n")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
