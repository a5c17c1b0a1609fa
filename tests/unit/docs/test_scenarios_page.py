"""docs/scenarios.md names every key and every measure, and its examples are right."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from chaoslab.model.lab import (
    Canary,
    ClockEndpoint,
    Ledger,
    Link,
    LoadSettings,
    Metrics,
    Probe,
    TokenCheck,
    ToxiproxyAddress,
    Trigger,
    Vram,
)
from chaoslab.model.plan import Profile
from chaoslab.model.suite import Campaign, Expectation, Load, Scenario, Slo, StopCondition, Suite
from chaoslab.model.vocabulary import MeasureSpec
from chaoslab.parse import parse_suites
from chaoslab.parse.lab import KEYS
from chaoslab.parse.problems import known_keys
from chaoslab.parse.short import KINDS, RESOURCES
from chaoslab.parse.suite import DEFAULT_KEYS
from chaoslab.plan import Selection, make_plan
from chaoslab.verdict.measures import measure_specs
from chaoslab.vocabulary import vocabulary
from unit.parse.words import lab

PAGE = (Path(__file__).parents[3] / "docs" / "scenarios.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
SECTIONS = {part.split("\n", 1)[0]: part for part in PAGE.split("\n## ")}
COMMON_FAULT_KEYS = ("type", "at_seconds", "for_seconds", "least_seconds", "link", "target", "count", "where")


def named(section: str) -> set[str]:
    """Collect what a section sets in code font inside its tables."""
    rows = [line for line in SECTIONS[section].splitlines() if line.startswith("|")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize(
    ("section", "model"),
    [
        ("Suite", Suite),
        ("Suite", Slo),
        ("Scenario", Scenario),
        ("Campaigns", Campaign),
        ("Load", Load),
        ("Expectations", Expectation),
        ("Stop conditions", StopCondition),
        *(
            ("x-chaoslab", model)
            for model in (
                Canary,
                Probe,
                Trigger,
                ToxiproxyAddress,
                Link,
                Metrics,
                Ledger,
                TokenCheck,
                Vram,
                ClockEndpoint,
                LoadSettings,
            )
        ),
    ],
)
def test_every_key_has_its_row(section: str, model: type[BaseModel]) -> None:
    """Every key that a file may have is in the table of its section."""
    keys = set(known_keys(model))
    if section == "x-chaoslab":
        keys.discard("name")
    assert keys <= named(section)


def test_further_keys() -> None:
    """Suite defaults, common fault keys, short forms, profiles and the block's own keys are named as well."""
    assert {*DEFAULT_KEYS, "defaults", "$schema"} <= named("Suite")
    assert set(COMMON_FAULT_KEYS) <= named("Faults")
    short = {key for keys in KINDS.values() for key in keys} - {"at_seconds"}
    assert {*short, *RESOURCES} <= named("Short forms")
    assert set(Profile.__args__) <= named("Profiles")  # type: ignore[attr-defined]
    assert set(KEYS) <= named("x-chaoslab")


@pytest.mark.parametrize("spec", measure_specs().values(), ids=lambda spec: spec.name)
def test_every_measure_has_its_row(spec: MeasureSpec) -> None:
    """Every measure of the catalogue has a row with its unit, what it is of, and its default phase."""
    of = f"{spec.of_kind or ''}{'' if spec.needs_of or not spec.of_kind else ', optional'}"
    phases = (
        f"all, default `{spec.default_phase}`" if spec.default_phase else "all, else throughout" if spec.phases else ""
    )
    start = " | ".join([f"| `{spec.name}`", spec.unit, of, phases]).replace("|  ", "| ").rstrip()
    rows = [line for line in SECTIONS["Expectations"].splitlines() if line.startswith(f"| `{spec.name}` ")]
    assert len(rows) == 1
    assert rows[0].startswith(start)


def test_no_measure_is_made_up() -> None:
    """The table has no measure that the catalogue does not have."""
    table = SECTIONS["Expectations"].partition("| measure |")[2]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(measure_specs())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["name"]))
def test_examples_are_right(example: dict[str, Any], tmp_path: Path) -> None:
    """Every example parses and can be planned on the lab."""
    path = tmp_path / "example.json"
    path.write_text(json.dumps(example))
    assert make_plan(parse_suites([path], vocabulary()), lab(), "quick", 1, Selection()).scenarios


def test_a_stall_is_not_called_loss(tmp_path: Path) -> None:
    """The page's packet loss that is a bandwidth of 0 is planned as what it is: a stall."""
    path = tmp_path / "example.json"
    path.write_text(json.dumps(next(example for example in EXAMPLES if example["name"] == "short-forms")))
    step = make_plan(parse_suites([path], vocabulary()), lab(), "quick", 1, Selection()).scenarios[0].steps[0]
    assert "stall" in step.fault.describe()
    assert "hive-proxy" in step.fault.describe()
