"""What fds and pids share: a limit lowered to what is in use and a few more."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from chaoslab.faults.fault import Finding
from chaoslab.faults.resource import ResourceSpec
from chaoslab.model.value import BadValues

REACHED = 0.9
"""What is in use comes and goes: nine tenths of the asked share is there."""


class HeadroomSpec(ResourceSpec):
    """Lowers a limit. `left`: how many more fit; or `percent`: what is in use is that share of the limit. `limit` names it for people."""

    limit: ClassVar[str]
    left: Annotated[int, Field(ge=0, le=100_000)] | None = None
    percent: Annotated[float, Field(ge=1, le=100)] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "HeadroomSpec":
        if self.left is not None and self.percent is not None:
            raise BadValues((("percent",), "left and percent exclude each other", "remove one"))
        return self

    @property
    def share(self) -> float | None:
        """The percentage that is to be in use, None where nothing more than `left` is to fit."""
        return self.percent if self.percent is not None and self.percent < 100 else None

    @property
    def amount(self) -> str:
        """Say how far the limit is lowered."""
        return f"{self.percent:g}% in use" if self.percent is not None else f"{self.left or 0} left"

    def describe(self) -> str:
        """Say what is lowered."""
        return f"{self.limit} of {self.who} lowered: {self.amount}"

    def undoes(self) -> tuple[str, ...]:
        """Give it back."""
        return (f"set the {self.limit} of {self.who} back",)


def share_reached(shares: Sequence[float], percent: float, unit: str, *, in_force: bool, detail: str) -> Finding:
    """Judge it by the share in use: about `percent` in every target. `measured`: the least share."""
    return Finding(
        min(shares, default=None),
        f"at least {REACHED * percent:g} %",
        unit,
        proven=in_force and all(share >= REACHED * percent for share in shares),
        detail=detail,
    )
