"""corrupt: netem flips one bit in a share of the packets that leave the target; receivers drop what fails its checksum."""

from typing import Annotated, Literal

from pydantic import Field

from chaoslab.faults.fault import Finding
from chaoslab.faults.netem import Echoes, NetemFault, NetemSpec, share

HARMFUL = 0.85
"""A bit flipped in the sender's hardware address (6 of 98 bytes) harms nothing; the rest is covered by checksums."""


class CorruptSpec(NetemSpec):
    """Damages `percent` of packets."""

    type: Literal["corrupt"] = "corrupt"
    percent: Annotated[float, Field(gt=0, le=100)]

    def netem(self) -> tuple[str, ...]:
        """Return netem's own words."""
        return ("corrupt", f"{self.percent:g}%")

    def effect(self) -> str:
        """Say how much."""
        return f"one bit flipped in {self.percent:g}%"


class Corrupt(NetemFault[CorruptSpec]):
    """Proven by echo requests that no undamaged answer came to."""

    Spec = CorruptSpec

    def judge(self, _before: Echoes, during: Echoes) -> Finding:
        """Judge the share."""
        return share(during.sent - during.answered, during.sent, self.spec.percent, "of round trips damaged", HARMFUL)
