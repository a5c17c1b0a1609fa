"""A small vocabulary of its own, so that these tests say nothing about the real faults and measures."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import model_validator

from chaoslab.errors import InputError
from chaoslab.model.lab import LabSpec
from chaoslab.model.suite import DEFAULT_LINK, Count, FaultSpec, HeldFaultSpec, OneShotFaultSpec, Scenario, Suite
from chaoslab.model.value import BadValues
from chaoslab.model.vocabulary import MeasureSpec, Vocabulary
from chaoslab.parse import lab_spec, parse_suites
from chaoslab.plan import Overlaid

RECORDED = Path(__file__).parents[2] / "recorded" / "compose-config-2.26.json"


class ToxicSpec(HeldFaultSpec):
    """A held fault on a link, with a validator of its own."""

    type: Literal["toxic"] = "toxic"
    link: str = DEFAULT_LINK
    toxic: Literal["latency", "bandwidth", "timeout"]
    attributes: dict[str, float] = {}  # noqa: RUF012 - pydantic copies it
    stream: Literal["upstream", "downstream"] = "downstream"
    toxicity: float = 1.0

    @model_validator(mode="after")
    def _attributes(self) -> "ToxicSpec":
        known = ("latency", "jitter", "rate", "timeout")
        wrong = [(("attributes", key), f"no attribute {key}", "fix it") for key in self.attributes if key not in known]
        if wrong:
            raise BadValues(*wrong)
        return self

    def describe(self) -> str:
        """Say what it does."""
        return f"{self.toxic} on {self.link}"

    def undoes(self) -> tuple[str, ...]:
        """Say how it is undone."""
        return (f"remove toxic {self.toxic} from {self.link}",)


class CrashSpec(OneShotFaultSpec):
    """A one-shot fault on a service."""

    type: Literal["crash"] = "crash"
    target: str
    signal: str = "SIGKILL"
    count: Count = 1
    timing: Literal["during_inference", "random"] | None = None
    timeout_seconds: float = 10.0

    def describe(self) -> str:
        """Say what it does."""
        return f"{self.signal} to {self.target}"

    def undoes(self) -> tuple[str, ...]:
        """Say how it is undone."""
        return (f"ensure running {self.target}",)

    def longest_wait_seconds(self) -> float:
        """Take the grace period into account."""
        return 1.0 + self.timeout_seconds


class HangSpec(HeldFaultSpec):
    """A held fault on a service."""

    type: Literal["hang"] = "hang"
    target: str
    count: Count = 1

    def describe(self) -> str:
        """Say what it does."""
        return f"SIGSTOP {self.target}"

    def undoes(self) -> tuple[str, ...]:
        """Say how it is undone."""
        return (f"continue {self.target}",)


def _measure(name: str, **given: Any) -> MeasureSpec:
    filled: dict[str, Any] = {
        "unit": "1",
        "needs_of": False,
        "of_kind": "probe",
        "phases": (),
        "default_phase": None,
        "needs_name": False,
        "higher_is_better": False,
        "doc": f"What {name} is.",
    }
    return MeasureSpec(name=name, **{**filled, **given})


PER_PHASE: dict[str, Any] = {"needs_of": True, "phases": ("before", "during", "after"), "default_phase": "during"}
VOCABULARY = Vocabulary(
    faults={"toxic": ToxicSpec, "crash": CrashSpec, "hang": HangSpec},
    measures={
        measure.name: measure
        for measure in (
            _measure("availability", unit="share", higher_is_better=True, **PER_PHASE),
            _measure("p95_ms", unit="ms", **PER_PHASE),
            _measure("status", unit="share", needs_name=True, higher_is_better=None, **PER_PHASE),
            _measure("recovery_seconds", unit="s"),
            _measure("lost", of_kind=None),
            _measure("restarts", needs_of=True, of_kind="service"),
            _measure(
                "metric", needs_of=True, of_kind="service with metrics", needs_name=True, takes=("reduce", "across")
            ),
            _measure("log_matches", needs_of=True, of_kind="service", needs_name=True, takes=("regex",)),
        )
    },
)
MINIMAL: dict[str, Any] = {"id": "A-1", "name": "a", "faults": [{"type": "toxic", "toxic": "timeout"}]}


def scenario(**keys: Any) -> dict[str, Any]:
    """Make a scenario of a file: the least there can be, and these keys."""
    return {**MINIMAL, **keys}


def suite(*scenarios: Any, **keys: Any) -> dict[str, Any]:
    """Make a file's value of these scenarios."""
    return {"name": "s", "scenarios": list(scenarios) or [MINIMAL], **keys}


def written(folder: Path, value: Any, name: str = "suite.json") -> Path:
    """Write a value (or bytes) as a file."""
    path = folder / name
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return path


def parsed(folder: Path, value: Any) -> Suite:
    """Parse one file's value; raises InputError."""
    return parse_suites([written(folder, value)], VOCABULARY)[0]


def parsed_scenario(folder: Path, value: Any, **keys: Any) -> Scenario:
    """Parse a file of one scenario; raises InputError."""
    return parsed(folder, suite(value, **keys)).scenarios[0]


def parsed_fault(folder: Path, value: Any) -> FaultSpec:
    """Parse a file of one scenario with one fault; raises InputError."""
    return parsed_scenario(folder, value).faults[0]


def problems(folder: Path, value: Any) -> list[str]:
    """List what is wrong with a file's value, as `path: message (remedy)`."""
    try:
        parsed(folder, value)
    except InputError as error:
        return [str(problem).removeprefix(f"{folder / 'suite.json'}: ") for problem in error.problems]
    return []


def lab() -> LabSpec:
    """The lab as compose 2.26 resolved it."""
    return lab_spec(json.loads(RECORDED.read_text()), "compose/lab.yml")


def overlaid() -> Overlaid:
    """The lab as the shipped suites' overlays make it."""
    recorded = RECORDED.with_name("compose-config-2.26-redis-ha.json")
    return {("compose/redis-ha.yml",): lab_spec(json.loads(recorded.read_text()), "compose/redis-ha.yml")}
