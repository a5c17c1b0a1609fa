"""JSON Schema (2020-12) of scenario and pattern files and of result.json, for editors and for whoever reads results."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from chaoslab.model.load_pattern import PatternFile
from chaoslab.model.result import RunResult
from chaoslab.model.suite import Expectation, Scenario, StopCondition, Suite
from chaoslab.model.vocabulary import MeasureSpec, Vocabulary
from chaoslab.parse.short import KINDS, RESOURCES, SCENARIO_KEYS
from chaoslab.parse.suite import DEFAULT_KEYS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FROM_VARIABLES = ("number", "integer", "boolean")
VARIABLE = r"^\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^{}]*)?\}$"
Schema = dict[str, Any]


def scenario_schema(vocabulary: Vocabulary) -> Schema:
    """Describe a scenario file: normal and short forms, every fault type and measure of this installation."""
    builder = _Builder()
    expectation = builder.model(Expectation, "expectation")
    expectation["properties"]["measure"] = _measures(vocabulary.measures)
    stop = builder.model(StopCondition, "stop_condition")
    running = {name: spec for name, spec in vocabulary.measures.items() if spec.live}
    stop["properties"]["measure"] = _measures(running)
    faults = [_fault(builder, name, vocabulary) for name in vocabulary.faults]
    scenario = builder.model(Scenario, "scenario")
    scenario["properties"]["faults"] = {"type": "array", "minItems": 1, "items": {"oneOf": faults}}
    scenario["properties"]["campaign"] = _ref("Campaign")
    scenario["oneOf"] = [{"required": ["faults"]}, {"required": ["campaign"]}]
    builder.definitions["Campaign"]["properties"]["faults"] = scenario["properties"]["faults"]
    short = [_short(builder, kind, vocabulary) for kind in KINDS]
    suite = builder.model(Suite, "suite")
    suite["properties"] |= {
        "$schema": {"type": "string"},
        "defaults": _object({key: scenario["properties"][key] for key in DEFAULT_KEYS}),
        "scenarios": {
            "type": "array",
            "minItems": 1,
            "items": {"oneOf": [_ref("scenario"), *(form for form in short if form)]},
        },
    }
    del builder.definitions["suite"]
    whole = {"$schema": DIALECT, "title": "chaoslab scenario file", **suite, "$defs": builder.definitions}
    return _with_notes(_with_variables(whole))


def pattern_schema() -> Schema:
    """Describe a file of load patterns."""
    schema = PatternFile.model_json_schema()
    schema["properties"].pop("file")
    schema["properties"]["$schema"] = {"type": "string"}
    return _with_notes({"$schema": DIALECT, **schema, "title": "chaoslab load patterns"})


def result_schema() -> Schema:
    """Describe result.json."""
    return {"$schema": DIALECT, **RunResult.model_json_schema(mode="serialization"), "title": "chaoslab result.json"}


class _Builder:
    """Collects definitions under plain names."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}

    def model(self, model: type[BaseModel], name: str) -> Schema:
        """Define a model under `name`, without the fields that no file may give."""
        schema = model.model_json_schema(ref_template="#/$defs/{model}")
        for inner, definition in schema.pop("$defs", {}).items():
            self.definitions.setdefault(inner, definition)
        for hidden in [field for field, info in model.model_fields.items() if info.exclude]:
            schema["properties"].pop(hidden, None)
        schema.pop("title", None)
        for replaced, better in (("Expectation", "expectation"), ("StopCondition", "stop_condition")):
            self.definitions.pop(replaced, None)
            _redirect(schema, f"#/$defs/{replaced}", f"#/$defs/{better}")
        for unused in ("FaultSpec", "Scenario"):
            self.definitions.pop(unused, None)
        self.definitions[name] = schema
        return schema


def _fault(builder: _Builder, name: str, vocabulary: Vocabulary) -> Schema:
    schema = builder.model(vocabulary.faults[name], f"fault_{name}")
    schema["properties"]["type"] = {"const": name}
    schema["required"] = sorted({"type", *schema.get("required", ())})
    return _ref(f"fault_{name}")


def _short(builder: _Builder, kind: str, vocabulary: Vocabulary) -> Schema | None:
    """Describe a short form by the keys of the fault it stands for; None while that fault does not exist."""
    scenario = builder.definitions["scenario"]["properties"]
    common = {key: scenario[key] for key in SCENARIO_KEYS if key in scenario} | {"duration_seconds": {"type": "number"}}
    resources = [resource for resource, fault in RESOURCES.items() if fault in vocabulary.faults]
    fault = {"network": "toxic", "crash": "crash"}.get(kind) or (RESOURCES[resources[0]] if resources else "")
    if fault not in vocabulary.faults:
        return None
    properties = builder.definitions[f"fault_{fault}"]["properties"]
    own = {key: properties[said] for key, said in KINDS[kind].items() if said in properties}
    if kind == "resource":
        own["resource"] = {"enum": resources}
    if kind == "network":
        own["type"] = {"enum": [*properties["toxic"].get("enum", ()), *KINDS]}
        needed: list[Schema] = [{"required": ["toxic"]}, {"required": ["type", "attributes"]}]
    else:
        own["type"] = {"enum": [*KINDS]}
        needed = [{"required": ["target"] if kind == "crash" else ["resource", "target"]}]
    name = f"short_{kind}"
    builder.definitions[name] = _object({**common, **own}) | {"required": ["id", "name"], "anyOf": needed}
    return _ref(name)


def _measures(measures: Mapping[str, MeasureSpec]) -> Schema:
    entries = [{"const": name, "description": f"{spec.doc} Unit: {spec.unit}."} for name, spec in measures.items()]
    return {"type": "string", "oneOf": entries} if entries else {"type": "string"}


def _object(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _redirect(schema: Any, old: str, new: str) -> None:
    for part in _parts(schema):
        if part.get("$ref") == old:
            part["$ref"] = new


def _with_variables(schema: Schema) -> Schema:
    """Allow a string that is exactly one variable wherever a number, true or false stands: it takes the JSON value."""
    for part in [part for part in _parts(schema) if part.get("type") in FROM_VARIABLES]:
        kept = {key: part.pop(key) for key in [*part] if key not in ("title", "description", "default")}
        part["anyOf"] = [kept, _ref("variable")]
    schema["$defs"]["variable"] = {"type": "string", "pattern": VARIABLE}
    return schema


def _with_notes(schema: Schema) -> Schema:
    """Allow `x-` keys wherever other unknown keys are errors."""
    for part in _parts(schema):
        if part.get("additionalProperties") is False:
            part["patternProperties"] = {"^x-": True}
    return schema


def _parts(value: Any) -> Iterable[dict[str, Any]]:
    """Walk every object of a schema."""
    if isinstance(value, dict):
        yield value
        for child in list(value.values()):
            yield from _parts(child)
    elif isinstance(value, list):
        for child in value:
            yield from _parts(child)
