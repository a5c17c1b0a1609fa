"""reorder: netem sends a share of the packets that leave the target at once and holds the others back, so that some overtake others."""

from typing import Annotated, Literal

from pydantic import Field

from chaoslab.faults.fault import Finding
from chaoslab.faults.netem import Echoes, NetemFault, NetemSpec, share


class ReorderSpec(NetemSpec):
    """Sends `percent` of packets at once, the others after `delay_ms`."""

    type: Literal["reorder"] = "reorder"
    percent: Annotated[float, Field(gt=0, lt=100)]
    delay_ms: Annotated[float, Field(ge=10, le=10_000)] = 50.0

    def netem(self) -> tuple[str, ...]:
        """Return netem's own words."""
        return ("delay", f"{self.delay_ms:g}ms", "reorder", f"{self.percent:g}%")

    def effect(self) -> str:
        """Say how much overtakes what."""
        return f"{self.percent:g}% sent at once, the others {self.delay_ms:g} ms later,"

    def slowest_ms(self) -> float:
        """Return the longest delay."""
        return self.delay_ms


class Reorder(NetemFault[ReorderSpec]):
    """Proven by answers that came before those of earlier requests."""

    Spec = ReorderSpec

    def judge(self, before: Echoes, during: Echoes) -> Finding:
        """Judge the share that went ahead, and that some did overtake."""
        return overtook(self.spec.percent, self.spec.delay_ms, before, during)


def overtook(percent: float, delay_ms: float, before: Echoes, during: Echoes) -> Finding:
    """Judge a reordering: the declared share was not delayed, and answers changed their order."""
    ahead = sum(trip < before.median_ms + delay_ms / 2 for trip in during.trips_ms)
    finding = share(ahead, during.answered, percent, "of round trips went ahead")
    finding = finding.noted(f"{during.overtaken} answers overtook earlier ones")
    return finding if during.overtaken else finding.refused("no answer overtook another")
