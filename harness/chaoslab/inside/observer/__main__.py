"""Observes until the end, then cleans up if nobody else will."""

import gc
import os
import resource
import signal
import sys
from typing import Any

from chaoslab.inside.observer.hub import Hub
from chaoslab.inside.observer.switch import make_safe

SILENCE_SECONDS = 10.0


class Ended(BaseException):
    """Somebody asked this process to end: it cleans up as at the end of its input."""


def on_signal(_number: int, _frame: Any) -> None:
    """End as if the input had ended."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Ended


def main() -> None:
    """Observe until the end, then clean up if nobody else will."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.freeze()
    gc.set_threshold(50_000)
    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the harness's to handle
    hub, orderly = Hub(float(sys.argv[1]) if len(sys.argv) > 1 else SILENCE_SECONDS), False
    try:
        orderly = hub.run()
    except Ended:
        pass
    finally:
        for question in hub.handlers.values():
            question.sock.close()
        if not orderly and hub.armed and not make_safe(hub.armed):
            print("Toxiproxy could not be made clean", file=sys.stderr)
    os._exit(0)


if __name__ == "__main__":
    main()
