"""loss: netem drops a share of the packets that leave the target."""

from typing import Annotated, Literal

from pydantic import Field

from chaoslab.faults.fault import Finding
from chaoslab.faults.netem import Echoes, NetemFault, NetemSpec, share


class LossSpec(NetemSpec):
    """Loses `percent` of packets."""

    type: Literal["loss"] = "loss"
    percent: Annotated[float, Field(gt=0, le=100)]

    def netem(self) -> tuple[str, ...]:
        """Return netem's own words."""
        return ("loss", f"{self.percent:g}%")

    def effect(self) -> str:
        """Say how much."""
        return f"{self.percent:g}% loss"


class Loss(NetemFault[LossSpec]):
    """Proven by echo requests without an answer."""

    Spec = LossSpec

    def judge(self, _before: Echoes, during: Echoes) -> Finding:
        """Judge the share."""
        return share(during.sent - during.answered, during.sent, self.spec.percent, "of round trips lost")
