"""`python3 -m services queen|hive|worker|trader`: starts one service of the lab."""

import importlib
import json
import signal
import sys

SERVICES = ("queen", "hive", "worker", "trader")


def chosen(arguments: list[str]) -> str:
    """Which service to start; raises ValueError."""
    if len(arguments) != 1 or arguments[0] not in SERVICES:
        raise ValueError(f"usage: python3 -m services {'|'.join(SERVICES)}")
    return arguments[0]


def main(arguments: list[str]) -> int:
    """Run one service to its end; returns the exit code, 2 for a wrong name or setting."""
    # PID 1 ignores SIGTERM until it has a handler, and the imports below take most of the start-up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        service = importlib.import_module(f"services.{chosen(arguments)}.service").build()
    except ValueError as problem:
        sys.stdout.write(json.dumps({"level": "error", "event": "cannot start", "problem": str(problem)}) + "\n")
        return 2
    return int(importlib.import_module("services.serve").serve(service))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
