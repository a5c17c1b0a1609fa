"""`${NAME}` and `${NAME:-default}` in the strings of a suite -> values, before anything else is checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chaoslab.model.variable import Variable
from chaoslab.parse.json_text import NotJson, flaws, read_json
from chaoslab.parse.wording import Found, Place, nearest, shown

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TOKENS = re.compile(r"\$\$\{|\$\{(?P<inside>[^{}]*)\}|\$\{")
ESCAPE = "$${"
HOW = "write ${NAME} or ${NAME:-default}, or $${ for the two characters ${"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Given:
    """What variables may be taken from. `settings` (--set) go before `environment`."""

    environment: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Substituted:
    """A file's value with its variables filled in, what was wrong with some, and every name and value that was used."""

    value: Any = None
    found: list[Found] = field(default_factory=list)
    used: set[Variable] = field(default_factory=set)


def substitute(value: Any, given: Given) -> Substituted:
    """Fill in the variables of every string of a file's value, keys and `x-` notes left alone.

    A string that is exactly one variable takes its text as JSON (`5`, `true`, `["a"]`), or as text where it is none.
    As in a shell, `:-` also stands in for an empty variable. `$${` is a literal `${`.
    """
    done = Substituted()
    done.value = _Filler(given, done).walk(value, ())
    return done


class _Filler:
    def __init__(self, given: Given, done: Substituted) -> None:
        self.given = given
        self.done = done

    def walk(self, value: Any, place: Place) -> Any:
        if isinstance(value, dict):
            return {
                key: child if key.startswith("x-") else self.walk(child, (*place, key)) for key, child in value.items()
            }
        if isinstance(value, list):
            return [self.walk(child, (*place, index)) for index, child in enumerate(value)]
        return self.text(value, place) if isinstance(value, str) and "${" in value else value

    def text(self, text: str, place: Place) -> Any:
        """Fill in one string; on a problem it stays as it is, so that nothing else is said about it."""
        before = len(self.done.found)
        whole = TOKENS.fullmatch(text)
        if whole is not None and whole["inside"] is not None:
            filled = self._variable(whole, place)
            value = self._json(filled, place) if len(self.done.found) == before else text
        else:
            value = TOKENS.sub(lambda token: self._token(token, place), text)
        if len(self.done.found) == before:
            self.done.found += flaws(value, place)
        return value if len(self.done.found) == before else text

    def _token(self, token: re.Match[str], place: Place) -> str:
        return "${" if token[0] == ESCAPE else self._variable(token, place)

    def _variable(self, token: re.Match[str], place: Place) -> str:
        name, has_default, default = (token["inside"] or "").partition(":-")
        if token["inside"] is None or not NAME.fullmatch(name):
            self.done.found.append((place, f"no variable: {shown(token[0])}", HOW))
            return ""
        given = self._given(name)
        if given is None or (has_default and not given.value):
            if not has_default:
                known = [*self.given.settings]
                hint = f"; {nearest(name, known)}" if known else ""
                remedy = f"set it in the environment or with --set {name}=..., or write ${{{name}:-default}}{hint}"
                self.done.found.append((place, f"the variable {name} is not set and has no default", remedy))
                return ""
            given = Variable(name, default, DEFAULT)
        self.done.used.add(given)
        return given.value

    def _given(self, name: str) -> Variable | None:
        for source, values in (("--set", self.given.settings), ("environment", self.given.environment)):
            if name in values:
                return Variable(name, values[name], source)
        return None

    def _json(self, text: str, place: Place) -> Any:
        """Read a variable's text as JSON; what is none is text."""
        try:
            value, wrong = read_json(text.encode("utf-8", "surrogatepass"))
        except NotJson:
            return text
        self.done.found += [((*place, *below), message, remedy) for below, message, remedy in wrong]
        return value
