"""What scenario files may say beyond their fixed keys: fault types and measures, handed to the parser as data."""

from collections.abc import Mapping
from dataclasses import dataclass

from chaoslab.model.suite import FaultSpec, OfKind, Phase


@dataclass(frozen=True, slots=True)
class MeasureSpec:
    """One measure of the catalogue, as a file may ask for it.

    `unit`: of its bounds: "ms", "s", "share" (0 to 1) or "1" (a count). `needs_of`: the key `of` must be there; `of_kind`
    says what `of` names, None that it takes no `of`. `phases`: those that may be asked, empty when it takes no `phase`;
    `default_phase` is meant where a file names none. `needs_name`: the key `name` must be there.
    `higher_is_better`: True allows `warn_below`, False allows `warn_above`, None both. `takes`: the further keys it knows.
    """

    name: str
    unit: str
    needs_of: bool
    of_kind: OfKind | None
    phases: tuple[Phase, ...]
    default_phase: Phase | None
    needs_name: bool
    higher_is_better: bool | None
    doc: str
    takes: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Whether it is known while a scenario runs, so that `abort_when` may ask for it."""
        return "during" in self.phases and not self.needs_name


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every fault type and every measure that this installation knows, by name."""

    faults: Mapping[str, type[FaultSpec]]
    measures: Mapping[str, MeasureSpec]
