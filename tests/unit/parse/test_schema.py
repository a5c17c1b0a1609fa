"""The JSON Schema that editors check scenario files with says what the parser says."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chaoslab.faults.catalog import spec_types
from chaoslab.model.result import RunResult
from chaoslab.model.vocabulary import Vocabulary
from chaoslab.parse import result_schema, scenario_schema
from chaoslab.verdict.measures import measure_specs
from unit.parse.words import VOCABULARY, scenario, suite

SUITES = sorted((Path(__file__).parents[3] / "scenarios").glob("*.json"))
SMALL = Draft202012Validator(scenario_schema(VOCABULARY))
HEAD = {"id": "A", "name": "a"}
ANY = {"type": "crash", "target": "any"}


@pytest.mark.parametrize("schema", [scenario_schema(VOCABULARY), result_schema()])
def test_is_a_schema(schema: dict[str, Any]) -> None:
    """Both schemas are valid JSON Schema 2020-12, and every reference in them leads somewhere."""
    Draft202012Validator.check_schema(schema)
    text = json.dumps(schema)
    for name in {part.split('"')[0] for part in text.split("#/$defs/")[1:]}:
        assert name in schema["$defs"]


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_shipped_suites_are_valid(path: Path) -> None:
    """Every shipped suite is valid under the schema of the real faults and measures."""
    schema = scenario_schema(Vocabulary(spec_types(), measure_specs()))
    Draft202012Validator(schema).validate(json.loads(path.read_text()))


@pytest.mark.parametrize(
    "value",
    [
        suite(),
        suite(**{"$schema": "x", "x-a": 1, "defaults": {"tags": ["a"], "baseline_seconds": 2}, "created_by": "me"}),
        suite({**HEAD, "toxic": "latency", "attributes": {"latency": 1}, "duration_seconds": 5, "proxy": "l"}),
        suite({**HEAD, "type": "latency", "attributes": {"latency": 1}}),
        suite({**HEAD, "target": "w", "signal": "SIGKILL", "count": "50%", "duration_seconds": 5}),
        suite(scenario(expect=[{"measure": "lost", "max": 0, "x-a": 1}], abort_when=[])),
        suite({**HEAD, "campaign": {"pick": 1, "max_targets": 1, "targets": ["w"], "faults": [ANY]}}),
        suite(scenario(load={"script": "a.js", "vus": "${USERS:-5}", "env": {"A": 1, "B": "b"}, "x-a": 1})),
        suite({**HEAD, "toxic": "latency", "attributes": {}, "load": {"script": "a.js"}}),
    ],
)
def test_accepts(value: dict[str, Any]) -> None:
    """Normal and short forms, notes and defaults are valid."""
    SMALL.validate(value)


@pytest.mark.parametrize(
    "value",
    [
        {"name": "s"},
        suite(file="x"),
        suite(scenario(short_keys={})),
        suite(scenario(nme=1)),
        suite(scenario(load={"vus": 3})),
        suite(scenario(load={"script": "a.js", "vus": 0})),
        suite(scenario(load={"script": "a.js", "users": 3})),
        suite(scenario(toxic="latency")),
        suite(scenario(campaign={"pick": 1, "max_targets": 1, "faults": [ANY]})),
        suite({**HEAD, "campaign": {"pick": 1, "faults": [ANY]}}),
        suite({**HEAD, "campaign": {"pick": 1, "max_targets": 1, "faults": [{"type": "nope"}]}}),
        suite({**HEAD, "campaign": {"pick": 1, "max_targets": 1, "faults": [ANY], "form": 1}}),
        suite(scenario(faults=[{"type": "nope"}])),
        suite(scenario(faults=[{"toxic": "latency"}])),
        suite(scenario(expect=[{"measure": "nope", "max": 1}])),
        suite(scenario(expect=[{"measure": "lost", "of_kind": "probe", "max": 1}])),
        suite(scenario(abort_when=[{"measure": "restarts", "of": "w", "above": 1}])),
        suite(HEAD),
        suite({**HEAD, "toxic": "latancy"}),
        suite({**HEAD, "resource": "memory", "target": "w"}),
    ],
)
def test_refuses(value: dict[str, Any]) -> None:
    """What the parser refuses is refused, fields that no file may give included."""
    assert not SMALL.is_valid(value)


def test_every_measure_is_explained() -> None:
    """An editor shows what each measure is and in which unit."""
    entries = scenario_schema(VOCABULARY)["$defs"]["expectation"]["properties"]["measure"]["oneOf"]
    assert {entry["const"] for entry in entries} == set(VOCABULARY.measures)
    assert "Unit: share" in next(entry["description"] for entry in entries if entry["const"] == "availability")


def test_result_schema_fits_results() -> None:
    """What a run writes is valid under `schema result`."""
    run = RunResult(
        run_id="r",
        profile="quick",
        seed=1,
        started="",
        exit_code=0,
        overhead_seconds=0,
        wall_seconds=1,
        lab_clean=True,
        scenarios=(),
    )
    Draft202012Validator(result_schema()).validate(run.model_dump(mode="json"))
