"""delay: netem holds back every packet that leaves the target."""

from typing import Annotated, Literal

from pydantic import Field

from chaoslab.faults.fault import Finding
from chaoslab.faults.netem import Echoes, NetemFault, NetemSpec

SLACK_MS = 5.0
SLACK_SHARE = 0.1


class DelaySpec(NetemSpec):
    """Delays packets by `delay_ms`, give or take `jitter_ms` (uniform)."""

    type: Literal["delay"] = "delay"
    delay_ms: Annotated[float, Field(gt=0, le=60_000)]
    jitter_ms: Annotated[float, Field(ge=0, le=60_000)] = 0.0

    def netem(self) -> tuple[str, ...]:
        """Return netem's own words."""
        return ("delay", f"{self.delay_ms:g}ms", *([f"{self.jitter_ms:g}ms"] if self.jitter_ms else []))

    def effect(self) -> str:
        """Say how long."""
        return f"delay of {self.delay_ms:g} ms{f' ± {self.jitter_ms:g} ms' if self.jitter_ms else ''}"

    def slowest_ms(self) -> float:
        """Return the longest delay."""
        return self.delay_ms + self.jitter_ms


class Delay(NetemFault[DelaySpec]):
    """Proven by the round trips' median."""

    Spec = DelaySpec

    def judge(self, before: Echoes, during: Echoes) -> Finding:
        """Judge what was added."""
        return delayed(self.spec.delay_ms, self.spec.jitter_ms, before, during)


def delayed(delay_ms: float, jitter_ms: float, before: Echoes, during: Echoes) -> Finding:
    """Judge a delay: the median round trip grew by it, give or take half the jitter (a median varies less), 10% and 5 ms."""
    slack = SLACK_MS + SLACK_SHARE * delay_ms + jitter_ms / 2
    added = during.median_ms - before.median_ms if during.answered else None
    return Finding(
        added,
        f"{max(0.0, delay_ms - slack):.1f}..{delay_ms + slack:.1f} ms",
        "ms added",
        proven=added is not None and abs(added - delay_ms) <= slack and during.median_ms > before.median_ms,
        detail=f"median round trip {during.median_ms:.1f} ms, {before.median_ms:.1f} before, n={during.answered}",
    )
