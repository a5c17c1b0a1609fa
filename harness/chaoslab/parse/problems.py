"""pydantic's errors -> problems in the words of scenario files: JSON path, what is wrong, remedy."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from chaoslab.model.value import BadValues
from chaoslab.parse.wording import Found, Place, nearest, one_of, shown

WANTED = {
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "finite_number": "must be a finite number",
    "string_too_short": "must not be empty",
}
LIMITS = {
    "greater_than": ("gt", "must be more than {}"),
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be less than {}"),
    "less_than_equal": ("le", "must be at most {}"),
}
PATTERNS = {
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$": "must be 1 to 64 letters, digits, '.', '_', '-' (the first a letter or digit)",
    r"^(100|[1-9]?[0-9])%$|^all$": 'must be a whole percentage such as "50%", or "all"',
    r"^[A-Za-z_][A-Za-z0-9_]*$": "a variable's name is letters, digits and '_', the first no digit",
    r":\d+$": 'must end with ":" and a port, e.g. "[::]:9200"',
}


def known_keys(model: type[BaseModel]) -> tuple[str, ...]:
    """Name the keys that a file may give for a model: its fields but the ones kept to ourselves (`exclude`)."""
    return tuple(name for name, field in model.model_fields.items() if not field.exclude)


def explain(error: ValidationError, model: type[BaseModel], value: Any) -> list[Found]:
    """Turn a ValidationError of `model` for the JSON `value` into problems, places below `value`.

    Errors of several union members about the same place become one problem.
    """
    told: dict[Place, tuple[list[str], str]] = {}
    for details in error.errors(include_url=False):
        for place, message, remedy in _explained(details, model, value):
            messages, _remedy = told.setdefault(place, ([], remedy))
            if message not in messages:
                messages.append(message)
    return [(place, _joined(messages, _at(value, place)), remedy) for place, (messages, remedy) in told.items()]


def unknown_keys(value: Mapping[str, Any], known: Iterable[str]) -> list[Found]:
    """Find keys that nothing knows, each with the nearest known one."""
    names = tuple(known)
    return [((key,), "unknown key", nearest(key, names)) for key in value if key not in names]


def _explained(details: ErrorDetails, model: type[BaseModel], value: Any) -> Iterator[Found]:
    kind, context = details["type"], details.get("ctx", {})
    place = _place(details["loc"], value, missing=kind == "missing")
    if kind == "missing":
        yield place[:-1], f'the key "{place[-1]}" is missing', ""
    elif kind == "extra_forbidden":
        owner = _model_at(model, place[:-1])
        yield place, "unknown key", nearest(str(place[-1]), known_keys(owner) if owner else ())
    elif kind == "literal_error":
        known = re.findall(r"'([^']*)'", context["expected"])
        remedy = nearest(details["input"], known) if known and isinstance(details["input"], str) else ""
        yield place, f"must be {one_of(known) if known else context['expected']}", remedy
    elif kind == "value_error" and isinstance(context.get("error"), BadValues):
        for below, message, remedy in context["error"].found:
            yield (*place, *below), message, remedy
    else:
        yield place, _message(details), ""


def _message(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind in LIMITS:
        key, text = LIMITS[kind]
        return text.format(f"{context[key]:g}")
    if kind in {"too_short", "too_long"}:
        return (
            f"must hold at least {context['min_length']}"
            if kind == "too_short"
            else f"must hold at most {context['max_length']}"
        )
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(context["pattern"], f"must match {context['pattern']}")
    if kind == "value_error":
        return str(context["error"])
    return WANTED.get(kind, details["msg"])


def _joined(messages: list[str], value: Any) -> str:
    """Join what the members of a union said; where one knew the value's type, the others' complaints do not matter."""
    messages = [message for message in messages if message not in WANTED.values()] or messages
    bounds = [message for message in messages if message.startswith("must be ")]
    if not bounds:
        return "; ".join(messages)
    alternatives = " or ".join([bounds[0], *(message.removeprefix("must be ") for message in bounds[1:])])
    got = "" if isinstance(value, dict | list) else f", not {shown(value)}"
    return "; ".join([alternatives + got, *(message for message in messages if message not in bounds)])


def _place(loc: tuple[int | str, ...], value: Any, *, missing: bool) -> Place:
    """Leave out what pydantic adds to a location that the file does not hold: union members, validator names."""
    place: list[int | str] = []
    last = len(loc) - 1
    for index, part in enumerate(loc):
        if (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        ):
            value = value[part]  # type: ignore[index]
            place.append(part)
        elif missing and index == last:
            place.append(part)
    return tuple(place)


def _at(value: Any, place: Place) -> Any:
    for part in place:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return {}
    return value


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel] | None:
    found: type[BaseModel] | None = model
    for part in place:
        if isinstance(part, str) and found is not None and part in found.model_fields:
            found = _model_in(found.model_fields[part].annotation)
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)
