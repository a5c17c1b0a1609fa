"""How problems are worded: JSON paths, values shown safely on a terminal, nearest known name."""

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

Place = tuple[str | int, ...]
"""Keys and indices that lead from a file's top to a value."""

Found = tuple[Place, str, str]
"""One problem inside a value: where, what, remedy ("" for none)."""

PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
LONGEST_SHOWN = 60


def printable(text: str) -> str:
    """Replace what must not reach a terminal (control characters, direction marks, lone surrogates) by escapes."""
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def shown(value: Any) -> str:
    """Show a value of a file as JSON, shortened, safe to print."""
    text = printable(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def json_path(place: Place) -> str:
    """Write a place as JSONPath: `$.scenarios[2].faults[0].attributes.latancy`."""
    path = "$"
    for part in place:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if PLAIN_KEY.fullmatch(part) else f"[{shown(part)}]"
    return path


def one_of(known: Iterable[str]) -> str:
    """List known names for a message: `a, b or c`."""
    *most, last = list(known) or ["(none)"]
    return f"{', '.join(most)} or {last}" if most else last


def nearest(wrong: str, known: Iterable[str]) -> str:
    """Give the remedy for an unknown name: the nearest known one, else all of them."""
    names = list(known)
    if close := get_close_matches(wrong.lower()[:64], [name.lower() for name in names], n=1, cutoff=0.6):
        return f'did you mean "{next(name for name in names if name.lower() == close[0])}"?'
    return f"known: {', '.join(names)}" if names else "none is known here"
