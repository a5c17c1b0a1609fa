"""What a variable is called, and what one of a suite became: recorded, so that a stored run tells what was really asked."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


@dataclass(frozen=True, slots=True, order=True)
class Variable:
    """One variable's text. `source`: "--set", "environment" or "default"."""

    name: str
    value: str
    source: str
