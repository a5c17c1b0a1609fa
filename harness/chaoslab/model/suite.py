"""What a scenario file says, in its normal form: suites, scenarios, faults, expectations."""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field, SerializeAsAny, model_validator

from chaoslab.model.value import BadValues, Value
from chaoslab.model.variable import Variable, VariableName

Phase = Literal["before", "during", "after"]
OfKind = Literal["probe", "service", "probe or ledger", "ledger", "service with metrics", "token check"]
"""What `of` of a measure may name."""

Seconds = Annotated[float, Field(ge=0, le=86_400)]
ANY_TARGET = "any"
"""The target of a campaign's fault that means one of the campaign's `targets`; the plan puts a real name in its place."""
CALL_SECONDS = 1.0
"""What injecting may take where nothing has to be waited for."""
DEFAULT_LINK = "default"
"""The link name that means the x-chaoslab block's `default_link`; the plan puts the real name in its place."""

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class FaultSpec(Value):
    """One disturbance as a file asks for it; every fault type has a subclass beside its behaviour in `faults/`.

    `at_seconds` counts from the end of the baseline. `for_seconds` is how long a held fault stays;
    one-shot faults (`held` False) have no such key. A subclass names what it touches by a field `link` or `target`.
    """

    held: ClassVar[bool] = True

    type: str
    at_seconds: Seconds = 0.0

    def describe(self) -> str:
        """Say in a few words what is injected, for plans and reports."""
        raise NotImplementedError

    def undoes(self) -> tuple[str, ...]:
        """Say how it is put back, step by step, in services and counts."""
        raise NotImplementedError

    def hold_seconds(self) -> float:
        """How long the fault is held; 0 for a one-shot fault."""
        return 0.0

    def least_hold_seconds(self) -> float:
        """How long it must be held to be proven: no profile caps it below that."""
        return 0.0

    def longest_wait_seconds(self) -> float:
        """Upper bound of what injecting may take beyond the hold (triggers, grace periods)."""
        return CALL_SECONDS

    def stall_seconds(self) -> float:
        """How long injecting may hold up the steps after it, beyond the call itself."""
        return max(0.0, self.longest_wait_seconds() - CALL_SECONDS)


class HeldFaultSpec(FaultSpec):
    """A fault that stays until it is reverted. `least_seconds`: no profile holds it shorter, since what it shows takes that long."""

    for_seconds: Annotated[float, Field(gt=0, le=86_400)] = 30.0
    least_seconds: Seconds = 0.0

    @model_validator(mode="after")
    def _least_is_no_more(self) -> "HeldFaultSpec":
        if self.least_seconds > self.for_seconds:
            raise BadValues(
                (("least_seconds",), f"is more than for_seconds, {self.for_seconds:g}", "raise for_seconds")
            )
        return self

    def least_hold_seconds(self) -> float:
        """What the file says."""
        return self.least_seconds

    def hold_seconds(self) -> float:
        """How long the fault stays, before a profile caps it."""
        return self.for_seconds


class OneShotFaultSpec(FaultSpec):
    """A fault whose effect is an instant: recovery counts from it."""

    held: ClassVar[bool] = False


Count = Annotated[int, Field(ge=1)] | Annotated[str, Field(pattern=r"^(100|[1-9]?[0-9])%$|^all$")]
"""How many replicas of a service: a number, a percentage (rounded up, at least one), or `all`."""


def how_many(count: int | str, replicas: int) -> int:
    """Turn a count (number, `"50%"` rounded up, `"all"`) into a number of the replicas there are; more than there are stays more."""
    if isinstance(count, int):
        return count
    if count == "all":
        return replicas
    return max(1, math.ceil(replicas * int(count.rstrip("%")) / 100))


class Where(Value):
    """Picks replicas by what they say when the fault is due: a good answer to `probe`, or that their `metric` equals `equals`."""

    probe: str | None = None
    metric: str | None = None
    equals: float | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Where":
        if (self.probe is None) == (self.metric is None):
            raise BadValues(((), 'give either "probe" or "metric"', 'e.g. {"metric": "is_leader", "equals": 1}'))
        if self.metric is not None and self.equals is None:
            raise BadValues(((), 'the key "equals" is missing', "the value that the metric of a target has"))
        if self.probe is not None and self.equals is not None:
            raise BadValues((("equals",), "goes with metric only", "a probe picks by good answers"))
        return self

    def __str__(self) -> str:
        return f"{self.probe} is good" if self.probe is not None else f"{self.metric} is {self.equals:g}"


def where_of(fault: FaultSpec) -> Where | None:
    """Say what picks a fault's targets when it is due, None for a fault whose targets are chosen before."""
    where = getattr(fault, "where", None)
    return where if isinstance(where, Where) else None


class Expectation(Value):
    """One measured number against bounds. Which keys a measure needs is said by the catalogue of measures."""

    measure: str
    of: str | None = None
    phase: Phase | None = None
    name: str | None = None
    min: float | None = None
    max: float | None = None
    equals: float | None = None
    reduce: Literal["last", "min", "max", "mean"] | None = None
    across: Literal["sum", "min", "max"] | None = None
    warn_above: float | None = None
    warn_below: float | None = None
    of_kind: OfKind | None = Field(default=None, exclude=True)
    """What `of` names, as the catalogue says; None: not known, either."""


class StopCondition(Value):
    """Ends the scenario at once when a measure stays beyond its limit for `for_seconds`."""

    measure: str
    of: str
    below: float | None = None
    above: float | None = None
    for_seconds: Annotated[float, Field(gt=0, le=3600)] = 5.0


class Campaign(Value):
    """Faults to draw from at random: `pick` of them, one `gap_seconds` after the other, on `max_targets` replicas and links at most.

    A fault whose target is ANY_TARGET may hit each of `targets`.
    """

    pick: Annotated[int, Field(ge=1, le=20)]
    max_targets: Annotated[int, Field(ge=1)]
    gap_seconds: Seconds = 5.0
    targets: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    faults: tuple[SerializeAsAny[FaultSpec], ...] = Field(min_length=1)


LOAD_START_SECONDS = 30.0
"""How long a load script may take until its first request is answered: k6's own start, and the script's setup."""
LOAD_STOP_SECONDS = 10.0
"""How long ending it may take."""


class Load(Value):
    """Simulated users beside the faults: k6 runs `script` from before the baseline to the end of the scenario.

    `vus`: so many users throughout, whatever the script's own shape; None: that shape, which may end earlier.
    `env` becomes the script's `__ENV`; it goes before what the lab tells every script.
    """

    script: str = Field(min_length=1)
    vus: Annotated[int, Field(ge=1, le=10_000)] | None = None
    env: dict[VariableName, str | int | float] = Field(default_factory=dict)

    def describe(self) -> str:
        """Say in a few words who asks what."""
        return f"{self.script}, " + (f"{self.vus} users" if self.vus else "its own shape")


class Scenario(Value):
    """One experiment: baseline, faults, recovery window, expectations. A campaign stands in for faults until they are drawn."""

    id: Identifier
    name: str = Field(min_length=1)
    description: str = ""
    tags: tuple[str, ...] = ()
    baseline_seconds: Annotated[float, Field(ge=1, le=3600)] = 5.0
    stable_seconds: Annotated[float, Field(ge=0.5, le=600)] = 3.0
    recovery_deadline_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    faults: tuple[SerializeAsAny[FaultSpec], ...] = Field(default=(), min_length=1)
    campaign: Campaign | None = None
    load: Load | None = None
    expect: tuple[Expectation, ...] = ()
    abort_when: tuple[StopCondition, ...] = ()
    expected_behavior: str = ""
    created_by: str = ""
    date: str = ""
    short_keys: dict[str, str] | None = Field(default=None, exclude=True)
    """For a scenario written in a short form: the key of its one fault -> the key of the scenario that said it."""


class Slo(Value):
    """What a suite as a whole is held to: mean and longest time to recover (seconds), least share of work that succeeds."""

    mttr_mean_seconds: Annotated[float, Field(gt=0)] = 120.0
    mttr_max_seconds: Annotated[float, Field(gt=0)] = 300.0
    success_rate: Annotated[float, Field(ge=0, le=1)] = 0.999


class Suite(Value):
    """One scenario file."""

    name: str = Field(min_length=1)
    version: Literal[1] = 1
    description: str = ""
    default: bool = False
    created_by: str = ""
    date: str = ""
    overlays: tuple[str, ...] = ()
    slo: Slo = Slo()
    scenarios: tuple[Scenario, ...] = Field(min_length=1)
    file: str = Field(default="", exclude=True)
    variables: tuple[Variable, ...] = Field(default=(), exclude=True)
    """What its variables were filled with."""
