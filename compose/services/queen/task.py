"""What a client may ask for: parses and checks the body of `POST /v2/tasks`."""

import json
from dataclasses import dataclass

MAX_PROMPT_CHARACTERS = 16_384
MAX_MODEL_CHARACTERS = 200
MAX_TOKENS = 4096


class FieldError(ValueError):
    """A field of the body that is missing or wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Task:
    """One inference. `stream` is accepted for clients that send it; the answer comes in one piece all the same."""

    model: str
    prompt: str
    max_tokens: int = 64
    temperature: float = 0.7
    stream: bool = False

    def __post_init__(self) -> None:
        _text("model", self.model, MAX_MODEL_CHARACTERS)
        _text("prompt", self.prompt, MAX_PROMPT_CHARACTERS)
        if type(self.max_tokens) is not int or not 1 <= self.max_tokens <= MAX_TOKENS:
            raise FieldError("max_tokens", f"must be a whole number from 1 to {MAX_TOKENS}")
        if type(self.temperature) not in (int, float) or not 0 <= self.temperature <= 2:
            raise FieldError("temperature", "must be a number from 0 to 2")
        if type(self.stream) is not bool:
            raise FieldError("stream", "must be true or false")


def parse_task(body: bytes) -> Task:
    """Read a body; unknown fields are let through, as clients of other gateways send them. Raises FieldError."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FieldError("body", f"must be JSON: {error}") from error
    if not isinstance(document, dict):
        raise FieldError("body", "must be a JSON object")
    known = {name: document[name] for name in Task.__dataclass_fields__ if name in document}
    for required in ("model", "prompt"):
        if required not in known:
            raise FieldError(required, "is missing")
    return Task(**known)


def _text(field: str, value: object, longest: int) -> None:
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise FieldError(field, f"must be a text of 1 to {longest} characters")
