"""duplicate: netem sends a share of the packets that leave the target twice."""

from typing import Annotated, Literal

from pydantic import Field

from chaoslab.faults.fault import Finding
from chaoslab.faults.netem import Echoes, NetemFault, NetemSpec, share


class DuplicateSpec(NetemSpec):
    """Duplicates `percent` of packets."""

    type: Literal["duplicate"] = "duplicate"
    percent: Annotated[float, Field(gt=0, le=100)]

    def netem(self) -> tuple[str, ...]:
        """Return netem's own words."""
        return ("duplicate", f"{self.percent:g}%")

    def effect(self) -> str:
        """Say how much."""
        return f"{self.percent:g}% duplication"


class Duplicate(NetemFault[DuplicateSpec]):
    """Proven by echo requests that were answered twice."""

    Spec = DuplicateSpec

    def judge(self, _before: Echoes, during: Echoes) -> Finding:
        """Judge the share."""
        return share(during.duplicated, during.sent, self.spec.percent, "of round trips doubled")
