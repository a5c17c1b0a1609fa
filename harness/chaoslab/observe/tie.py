"""Ties the harness's clock to the lab's by ping-pong (Cristian's algorithm), with an error bar that stays honest as it ages."""

from collections import deque
from dataclasses import dataclass

from chaoslab.clock import Tie

DRIFT = 1e-4
"""How far two clocks may drift apart per second of age: 100 ppm, twice what quartz oscillators are sold with."""
KEPT = 120


@dataclass(frozen=True, slots=True)
class Pong:
    """One round trip. `asked_ns` and `heard_ns` by the harness's clock; `mono_ns` and `real_ns` the observer's two clocks."""

    asked_ns: int
    heard_ns: int
    mono_ns: int
    real_ns: int

    def error_ns(self, now_ns: int) -> int:
        """Half the round trip, plus what the clocks may have drifted since."""
        return (self.heard_ns - self.asked_ns) // 2 + int(DRIFT * (now_ns - self.heard_ns))


class TieKeeper:
    """Keeps the last minute of round trips and uses the one with the smallest error now."""

    def __init__(self) -> None:
        self._pongs: deque[Pong] = deque(maxlen=KEPT)
        self.count = 0

    def add(self, pong: Pong) -> None:
        """Take in one round trip."""
        self._pongs.append(pong)
        self.count += 1

    def tie(self, now_ns: int) -> Tie:
        """Return the best tie at this harness instant. Raises LookupError before the first round trip."""
        best = min(tuple(self._pongs), key=lambda pong: pong.error_ns(now_ns), default=None)
        if best is None:
            raise LookupError("no round trip yet")
        return Tie(best.mono_ns - (best.asked_ns + best.heard_ns) // 2, best.error_ns(now_ns))

    @property
    def real_minus_mono_ns(self) -> int:
        """CLOCK_REALTIME minus CLOCK_MONOTONIC of the engine's kernel, read last (the wall clock may be stepped)."""
        return self._pongs[-1].real_ns - self._pongs[-1].mono_ns
