"""Bytes -> JSON value, with what JSON readers usually let pass (duplicate keys, NaN, control characters) found."""

import json
import math
import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from json.decoder import JSONDecodeError
from typing import Any

from chaoslab.parse.wording import Found, Place, shown

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 100
LONGEST_INTEGER = 18
"""Digits. Longer whole numbers are read as floats: they fit no key, and converting thousands of digits is slow."""

SINGLE_LINE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
SEVERAL_LINES = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
PROSE = frozenset({"description", "expected_behavior"})
"""Keys whose text may have several lines."""

TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
TRAILING_COMMA = re.compile(r",[ \t\r\n]*$")
REMEDIES = {
    "/": "JSON has no comments: use a key that starts with x-",
    "#": "JSON has no comments: use a key that starts with x-",
    "'": "JSON text stands in double quotes",
    "T": "write true in lower case",
    "F": "write false in lower case",
    "N": "write null in lower case",
}


class NotJson(Exception):
    """The bytes are no JSON. `place`: `line L column C`, `byte N`, or empty for the whole file."""

    def __init__(self, place: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.message = message
        self.remedy = remedy


class JsonObject(dict[str, Any]):
    """An object that remembers which keys were written more than once."""

    repeated: tuple[str, ...] = ()


def read_json(data: bytes) -> tuple[Any, list[Found]]:
    """Read a file's bytes. Gives the value and what is wrong inside it, as (place, message, remedy).

    Raises NotJson when there is no value to speak of: too large, not UTF-8, empty, nested too deep, or a syntax error.
    """
    text = _decode(data)
    if not text.strip(" \t\r\n"):
        raise NotJson("", "the file is empty", 'write a suite: {"name": ..., "scenarios": [...]}')
    _check_depth(text)
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except JSONDecodeError as error:
        raise _explained(text, error) from error
    found = list(flaws(value, ()))
    return (_cleaned(value) if found else value), found


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Walk the places of a value in the order in which its file holds them."""
    yield place
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(child, (*place, key))


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise NotJson("", f"the file is larger than {MAX_BYTES // 1024} KiB", "split it into several suites")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotJson("byte 0", "not UTF-8: the file starts with a UTF-16 mark", "save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        raise NotJson(f"byte {start}", f"not UTF-8: byte 0x{data[start]:02x}", "save the file as UTF-8") from error


def _check_depth(text: str) -> None:
    depth = 0
    for token in TOKENS.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NotJson(
                    _line_column(text, token.start()),
                    f"nested more than {MAX_DEPTH} deep",
                    "a suite needs about 8 levels",
                )
        elif token[0] in "]}":
            depth -= 1


def _line_column(text: str, offset: int) -> str:
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    line = bisect_right(starts, offset)
    return f"line {line} column {offset - starts[line - 1] + 1}"


def _explained(text: str, error: JSONDecodeError) -> NotJson:
    """Say it the same on every Python version: 3.13 names trailing commas, earlier ones complain about what follows."""
    at, message = error.pos, error.msg
    comma = TRAILING_COMMA.search(text, 0, at)
    here = text[at : at + 1]
    if message.startswith("Illegal trailing comma") or (comma and here and here in "]}"):
        return NotJson(
            _line_column(text, comma.start() if comma and here != "," else at),
            "bad JSON: a comma before a closing bracket",
            "remove it",
        )
    if not text[at:].strip(" \t\r\n") and not message.startswith(("Unterminated", "Invalid")):
        return NotJson(_line_column(text, at), "bad JSON: the file ends too early", "close every bracket")
    told = message.removesuffix(" at").removesuffix(": ")
    return NotJson(_line_column(text, at), f"bad JSON: {told[:1].lower()}{told[1:]}", REMEDIES.get(here, ""))


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = JsonObject(pairs)
    if len(found) < len(pairs):
        found.repeated = tuple(key for key, times in Counter(key for key, _value in pairs).items() if times > 1)
    return found


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_INTEGER else float(digits)


def flaws(value: Any, place: Place) -> Iterator[Found]:
    """Find what is wrong inside a value, in the order it was written; recursion is bounded by MAX_DEPTH."""
    if isinstance(value, JsonObject):
        for key in value.repeated:
            yield (*place, key), "the key stands twice in the same object", "keep one"
        for key, child in value.items():
            if flaw := SINGLE_LINE.search(key):
                yield place, f"the key {shown(key)} holds {_character(flaw[0])}", "remove it"
            else:
                yield from flaws(child, (*place, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from flaws(child, (*place, index))
    elif isinstance(value, str):
        several_lines = bool(place) and place[-1] in PROSE
        if flaw := (SEVERAL_LINES if several_lines else SINGLE_LINE).search(value):
            yield place, f"the text holds {_character(flaw[0])}", "remove it"
    elif isinstance(value, float) and not math.isfinite(value):
        yield place, "NaN, Infinity or a number beyond 1e308 is no JSON number", "write a finite number"


def _cleaned(value: Any) -> Any:
    """Take out what was found flawed, so that the rest can be checked in the same go."""
    if isinstance(value, dict):
        return {SINGLE_LINE.sub("", key): _cleaned(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_cleaned(child) for child in value]
    if isinstance(value, float) and not math.isfinite(value):
        return 0
    return SEVERAL_LINES.sub("", value) if isinstance(value, str) else value


def _character(character: str) -> str:
    if unicodedata.category(character) == "Cs":
        return f"half of a surrogate pair (U+{ord(character):04X})"
    return f"the control character U+{ord(character):04X}"
