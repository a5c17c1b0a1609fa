"""What a variable of a suite became: recorded, so that a stored run tells what was really asked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Variable:
    """One variable's text. `source`: "--set", "environment" or "default"."""

    name: str
    value: str
    source: str
