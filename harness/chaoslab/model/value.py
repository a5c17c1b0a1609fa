"""The base of every value that is read from a file: frozen, and strict about what it does not know."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value whose unknown keys, NaN and coercions (text for numbers) are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class BadValues(ValueError):
    """What a validator raises to name every wrong thing at once.

    `found`: for each the keys and indices that lead to it from the validated value, the message, the remedy ("" for none).
    """

    def __init__(self, *found: tuple[tuple[str | int, ...], str, str]) -> None:
        super().__init__("; ".join(message for _place, message, _remedy in found))
        self.found = found
