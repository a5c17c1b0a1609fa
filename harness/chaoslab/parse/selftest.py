"""The self-test's definition file -> SelfTest, or every problem in it."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path

from pydantic import ValidationError

from chaoslab.errors import InputError, Problem
from chaoslab.model.selftest import HEALTHY, SelfTest
from chaoslab.parse.json_text import NotJson, read_json
from chaoslab.parse.problems import explain
from chaoslab.parse.wording import Found, json_path, nearest, printable, shown


def parse_self_test(path: Path, scenarios: Collection[str]) -> SelfTest:
    """Read the definition and check it against the ids of all scenarios. Raises InputError with every problem."""
    file = printable(str(path))
    try:
        value, found = read_json(path.read_bytes())
    except OSError as error:
        remedy = "name the definition with --definition"
        raise InputError([Problem(file, "", f"cannot be read: {error.strerror}", remedy)]) from error
    except NotJson as error:
        raise InputError([Problem(file, error.place, error.message, error.remedy)]) from error
    if isinstance(value, dict):
        value = {key: child for key, child in value.items() if key != "$schema" and not key.startswith("x-")}
    test = None
    try:
        test = SelfTest.model_validate_json(json.dumps(value))
    except ValidationError as error:
        found += explain(error, SelfTest, value)
    else:
        found += _misfits(test, scenarios)
    if found or test is None:
        raise InputError([Problem(file, json_path(place), message, remedy) for place, message, remedy in found])
    return test


def _misfits(test: SelfTest, scenarios: Collection[str]) -> Iterator[Found]:
    names = [bug.name for bug in test.bugs]
    for index, bug in enumerate(test.bugs):
        place = ("bugs", index)
        if bug.name in names[:index] or bug.name == HEALTHY:
            yield (*place, "name"), f"the name {shown(bug.name)} is taken", "give each bug its own name"
        seen: set[str] = set()
        for key, ids in (("caught_by", bug.caught_by), ("bystanders", bug.bystanders)):
            for number, scenario in enumerate(ids):
                if scenario not in scenarios:
                    yield (*place, key, number), f"there is no scenario {shown(scenario)}", nearest(scenario, scenarios)
                elif scenario in seen:
                    yield (*place, key, number), f"{shown(scenario)} is named twice for this bug", "name another"
                seen.add(scenario)
