"""clock_skew: the service's wall clock is moved, by the control file of the libfaketime that its image carries; timers are untouched."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from chaoslab.errors import CannotInject, LabError, NotProvable, ToolError
from chaoslab.faults import within
from chaoslab.faults.fault import Finding
from chaoslab.faults.resource import ResourceFault, ResourceSpec
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica
from chaoslab.parse.answer import number_at
from chaoslab.undo.shell import WRITE_CLOCK

TOLERANCE_SECONDS = 1.0
TAKES_EFFECT_SECONDS = 3.0
"""With FAKETIME_NO_CACHE at once, else libfaketime looks at its file every 1.75 s or less."""
RIGHT = "+0"


class ClockSkewSpec(ResourceSpec):
    """Moves a clock by `offset_seconds`, forwards or (negative) backwards."""

    type: Literal["clock_skew"] = "clock_skew"
    offset_seconds: Annotated[float, Field(ge=-31_536_000, le=31_536_000)]

    def describe(self) -> str:
        """Say what is moved."""
        return f"wall clock of {self.who} moved by {self.offset_seconds:+g} s"

    def undoes(self) -> tuple[str, ...]:
        """Put it right."""
        return (f"put the wall clock of {self.who} right",)


class ClockSkew(ResourceFault[ClockSkewSpec]):
    """Where x-chaoslab names a service's clock endpoint and its libfaketime control file."""

    Spec = ClockSkewSpec

    def prepare(self) -> None:
        """Find the clock. Raises CannotInject where the lab declares none."""
        clock = self.lab.spec.clocks.get(self.spec.target)
        if clock is None or not clock.file:
            raise CannotInject(
                f"the lab declares no clock of {self.spec.target} with a libfaketime control file",
                remedy="x-chaoslab.clocks names port, path and file; the image must preload libfaketime",
            )
        self.clock = clock
        self.choose()
        self.before = {str(one): self._offset(one) for one in self.targets}

    def undos(self) -> tuple[Undo, ...]:
        """Put each clock right."""
        return tuple(
            self.undo("write_clock", one.service, one.number, file=self.clock.file, offset=RIGHT, user=self.user(one))
            for one in self.targets
        )

    def inject(self) -> Effect:
        """Write the control files; returns when each service tells the moved time."""
        _, at, error = self.timed(self._write)
        try:
            self.lab.history.wait(self._all_moved, TAKES_EFFECT_SECONDS, "the moved clock")
        except TimeoutError as problem:
            raise NotProvable(f"{problem}: does the image preload libfaketime?") from problem
        return self.took_effect(at, error)

    def prove(self) -> Proof:
        """Ask the service for its time."""
        moved = self._moved()
        return self.judged(skewed(self.spec.offset_seconds, len(self.targets), moved))

    def prove_clean(self) -> Proof:
        """The service tells the right time."""
        return self.proof(skewed(0.0, len(self.targets), self._moved()))

    def _write(self) -> None:
        for replica in self.targets:
            offset = f"{self.spec.offset_seconds:+.3f}"
            within.run(self.lab, replica, self.user(replica), WRITE_CLOCK, self.clock.file, offset)

    def _all_moved(self) -> bool | None:
        return skewed(self.spec.offset_seconds, len(self.targets), self._moved()).proven or None

    def _moved(self) -> dict[str, float]:
        found = {}
        for replica in self.targets:
            try:
                found[str(replica)] = self._offset(replica) - self.before[str(replica)]
            except (ToolError, LabError, NotProvable):
                continue  # it does not answer: the proof says how many did
        return found

    def _offset(self, replica: Replica) -> float:
        """Return a service's time minus the engine host's, in seconds."""
        url = f"{replica.service}[{replica.number}]:{self.clock.port}{self.clock.path}"
        reply = self.lab.observer.request("GET", url)
        told = number_at(reply.body, self.clock.seconds)
        if told is None:
            raise NotProvable(f"{url} answered {reply.status} without a time at {self.clock.seconds}")
        real_ns = (reply.sent_ns + reply.at_ns) // 2 + self.lab.observer.real_minus_mono_ns
        return told - real_ns / 1e9


def skewed(offset_seconds: float, wanted: int, moved: Mapping[str, float]) -> Finding:
    """Judge it: each service's time has moved by the offset against what it was before. `measured`: the one furthest off, in s."""
    said = ", ".join(f"{name} moved by {seconds:+.3f} s" for name, seconds in moved.items())
    furthest = max(moved.values(), key=lambda seconds: abs(seconds - offset_seconds), default=None)
    proven = len(moved) == wanted > 0 and furthest is not None and abs(furthest - offset_seconds) <= TOLERANCE_SECONDS
    return Finding(furthest, f"{offset_seconds:+g} s ± {TOLERANCE_SECONDS:g}", "s", proven=proven, detail=said)
