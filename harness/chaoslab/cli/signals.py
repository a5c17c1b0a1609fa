"""SIGINT, SIGTERM and SIGHUP set a flag that every wait looks at; a second one changes nothing."""

import signal
from types import FrameType

from chaoslab.store import StopFlag


def stop_on_signals() -> StopFlag:
    """Return a flag that these signals set from now on."""
    flag = StopFlag()

    def asked(number: int, _frame: FrameType | None) -> None:
        flag.set(signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, asked)
    return flag
