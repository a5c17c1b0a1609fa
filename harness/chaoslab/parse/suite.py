"""A file's JSON value -> a Suite in its normal form, or every problem in it."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from chaoslab.model.suite import Campaign, Expectation, FaultSpec, Load, Scenario, StopCondition, Suite
from chaoslab.model.value import Value
from chaoslab.model.vocabulary import Vocabulary
from chaoslab.parse.campaign import campaign_problems
from chaoslab.parse.expect import expectation_problems, stop_problems
from chaoslab.parse.problems import explain, known_keys, unknown_keys
from chaoslab.parse.short import short_form
from chaoslab.parse.wording import Found, Place, nearest, shown

V = TypeVar("V", bound=Value)

DEFAULT_KEYS = ("baseline_seconds", "stable_seconds", "recovery_deadline_seconds", "tags", "expect", "abort_when")
"""What a suite's `defaults` may say for all its scenarios: a scenario's own key goes before, tags are added up."""

LATER_FAULTS = frozenset(
    {
        "partition",
        "dns_failure",
        "delay",
        "loss",
        "duplicate",
        "corrupt",
        "reorder",
        "disconnect",
        "cpu",
        "memory",
        "io",
    }
    | {"pids", "cpu_throttle", "disk", "fds", "connections", "clock_skew", "vram", "http"}
)
"""Fault types planned but perhaps not there yet: told apart from misspelt ones."""

STAND_IN_FAULT = FaultSpec(type="?")
STAND_IN = Scenario(id="x", name="x", faults=(STAND_IN_FAULT,))
"""Take the place of what could not be read, so that the problems around it are found in the same go."""


def read_suite(value: Any, file: str, vocabulary: Vocabulary) -> tuple[Suite | None, list[Found]]:
    """Read one file's value. Gives the suite when there are no problems, else None and all of them."""
    reader = _Reader(vocabulary)
    suite = reader.suite(without_notes(value), file)
    return (None if reader.found else suite), reader.found


def without_notes(value: Any) -> Any:
    """Drop every key that starts with `x-`, at any depth."""
    if isinstance(value, dict):
        return {key: without_notes(child) for key, child in value.items() if not key.startswith("x-")}
    return [without_notes(child) for child in value] if isinstance(value, list) else value


class _Reader:
    """Reads one suite and keeps every problem it meets."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.found: list[Found] = []

    def suite(self, value: Any, file: str) -> Suite | None:
        if not isinstance(value, dict):
            self._add((), f"a suite must be an object, not {shown(value)}", 'write {"name": ..., "scenarios": [...]}')
            return None
        raw = {key: child for key, child in value.items() if key != "$schema"}
        defaults = self._defaults(raw.pop("defaults", {}))
        keys = {key: child for key, child in raw.items() if key in known_keys(Suite)}
        self.found += unknown_keys(raw, (*known_keys(Suite), "defaults", "$schema"))
        scenarios = keys.get("scenarios")
        if isinstance(scenarios, list) and scenarios:
            read = [self._scenario(child, ("scenarios", index), defaults) for index, child in enumerate(scenarios)]
            keys["scenarios"] = tuple(scenario or STAND_IN for scenario in read)
        return self._validated(Suite, {**keys, "file": file}, value, ())

    def _defaults(self, raw: Any) -> dict[str, Any]:
        """Check a suite's defaults by themselves; what is wrong in them is told once, here."""
        before = len(self.found)
        if not isinstance(raw, dict):
            self._add(("defaults",), f"must be an object, not {shown(raw)}")
            return {}
        self._add_all(("defaults",), unknown_keys(raw, DEFAULT_KEYS))
        keys = {key: child for key, child in raw.items() if key in DEFAULT_KEYS}
        filled = {**keys, "id": STAND_IN.id, "name": STAND_IN.name, "faults": STAND_IN.faults}
        self._validated(Scenario, self._with_judging(filled, ("defaults",)), keys, ("defaults",))
        return keys if len(self.found) == before else {}

    def _scenario(self, value: Any, place: Place, defaults: Mapping[str, Any]) -> Scenario | None:
        if not isinstance(value, dict):
            self._add(place, f"a scenario must be an object, not {shown(value)}")
            return None
        raw = dict(value)
        campaign = raw.get("campaign")
        short = None if "faults" in raw or campaign is not None else short_form(raw)
        keys = dict(short.rest) if short else raw
        known = short.known if short else known_keys(Scenario)
        self._add_all(place, unknown_keys(keys, known))
        keys = {key: child for key, child in keys.items() if key in known and key in known_keys(Scenario)}
        if campaign is not None:
            keys["campaign"] = self._campaign(campaign, (*place, "campaign"))
            if keys.pop("faults", None) is not None:
                self._add(
                    (*place, "faults"), "a campaign draws its faults itself", 'remove either "faults" or "campaign"'
                )
        elif "faults" in raw:
            keys["faults"] = self._faults(raw["faults"], place)
        elif short:
            keys["faults"] = (self._fault(short.fault, lambda below: (*place, *short.place(below))) or STAND_IN_FAULT,)
            keys["short_keys"] = short.keys
        else:
            remedy = 'or write a short form: "toxic" + "attributes", "target" + "signal", or "resource" + "target"'
            self._add(place, 'the key "faults" is missing', remedy)
            keys["faults"] = (STAND_IN_FAULT,)
        keys = self._with_judging(keys, place)
        if keys.get("load") is not None:
            keys["load"] = self._part(Load, keys["load"], _below((*place, "load")))
        return self._validated(Scenario, self._merged(keys, defaults), value, place)

    def _merged(self, keys: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        merged = {**_Reader(self.vocabulary)._with_judging(dict(defaults), ()), **keys}  # noqa: SLF001 - its own class
        tags = [*defaults.get("tags", []), *(keys["tags"] if isinstance(keys.get("tags"), list) else [])]
        if isinstance(keys.get("tags", []), list) and all(isinstance(tag, str) for tag in tags):
            merged["tags"] = list(dict.fromkeys(tags))
        return merged

    def _faults(self, value: Any, place: Place) -> Any:
        if not isinstance(value, list) or not value:
            return value
        read = (self._fault(child, _below((*place, "faults", index))) for index, child in enumerate(value))
        return tuple(fault or STAND_IN_FAULT for fault in read)

    def _campaign(self, value: Any, place: Place) -> Campaign | None:
        if not isinstance(value, dict):
            self._add(place, f"must be an object, not {shown(value)}")
            return None
        self._add_all(place, (*unknown_keys(value, known_keys(Campaign)), *campaign_problems(value)))
        keys = {key: child for key, child in value.items() if key in known_keys(Campaign)}
        if "faults" in keys:
            keys["faults"] = self._faults(keys["faults"], place)
        return self._validated(Campaign, keys, value, place)

    def _fault(self, raw: Any, where: Callable[[Place], Place]) -> FaultSpec | None:
        """Read one fault. `where` says where the file holds what stands at a place of the fault."""
        types = self.vocabulary.faults
        if not isinstance(raw, dict):
            self._add(where(()), f"a fault must be an object, not {shown(raw)}")
        elif not isinstance(kind := raw.get("type"), str):
            self._add(
                where(("type",)) if "type" in raw else where(()),
                "a fault needs a type, as text",
                f"known: {', '.join(types)}",
            )
        elif kind in types:
            return self._part(types[kind], raw, where)
        elif kind in LATER_FAULTS:
            self._add(where(("type",)), f'fault type "{kind}" is not available in this version', "it comes later")
        else:
            self._add(where(("type",)), f"unknown fault type {shown(kind)}", nearest(kind, types))
        return None

    def _with_judging(self, keys: dict[str, Any], place: Place) -> dict[str, Any]:
        """Read `expect` and `abort_when` entry by entry, so that each wrong one is told."""
        measures = self.vocabulary.measures
        read: dict[str, Any] = dict(keys)
        if isinstance(keys.get("expect"), list):
            read["expect"] = tuple(
                self._expectation(raw, (*place, "expect", index)) for index, raw in enumerate(keys["expect"])
            )
        if isinstance(keys.get("abort_when"), list):
            stops = [
                (self._part(StopCondition, raw, _below((*place, "abort_when", i))), i)
                for i, raw in enumerate(keys["abort_when"])
            ]
            for stop, index in stops:
                self._add_all((*place, "abort_when", index), stop_problems(stop, measures) if stop else ())
            read["abort_when"] = tuple(stop for stop, _index in stops if stop)
        return read

    def _expectation(self, raw: Any, place: Place) -> Expectation:
        expectation = self._part(Expectation, raw, _below(place))
        if expectation is None:
            return Expectation(measure="?")
        measures = self.vocabulary.measures
        self._add_all(place, expectation_problems(expectation, measures))
        kind = measures[expectation.measure].of_kind if expectation.measure in measures else None
        return expectation.model_copy(update={"of_kind": kind})

    def _part(self, model: type[V], raw: Any, where: Callable[[Place], Place]) -> V | None:
        """Validate in JSON mode: whole numbers pass as numbers and lists as tuples; "5" and true are no numbers."""
        try:
            part = model.model_validate_json(json.dumps(raw))
        except ValidationError as error:
            found = explain(error, model, raw)
            found += [problem for problem in _hidden(error, model, raw) if problem not in found]
        else:
            found = unknown_keys(raw, known_keys(model))
            if not found:
                return part
        self.found += [(where(place), message, remedy) for place, message, remedy in found]
        return None

    def _validated(self, model: type[V], keys: dict[str, Any], raw: Any, place: Place) -> V | None:
        """Validate a value whose parts are read already; `raw` is what the file says."""
        try:
            return model.model_validate(
                {key: tuple(child) if isinstance(child, list) else child for key, child in keys.items()}
            )
        except ValidationError as error:
            self._add_all(place, explain(error, model, raw))
            return None

    def _add(self, place: Place, message: str, remedy: str = "") -> None:
        self.found.append((place, message, remedy))

    def _add_all(self, place: Place, found: Iterable[Found]) -> None:
        self.found += [((*place, *below), message, remedy) for below, message, remedy in found]


def _below(place: Place) -> Callable[[Place], Place]:
    return lambda below: (*place, *below)


def _hidden(error: ValidationError, model: type[Value], raw: Any) -> list[Found]:
    """Find what a model's own validator would say: pydantic asks it only when every single key is right by itself."""
    if not isinstance(raw, dict):
        return []
    wrong = {details["loc"][0] for details in error.errors(include_url=False) if details["loc"]}
    right = {key: child for key, child in raw.items() if key not in wrong}
    try:
        model.model_validate_json(json.dumps(right))
    except ValidationError as deeper:
        return [found for found in explain(deeper, model, raw) if found[0] and found[0][0] not in wrong]
    return []
