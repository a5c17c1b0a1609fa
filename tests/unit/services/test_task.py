"""What clients may send."""

import json

import pytest
from services.queen.task import FieldError, Task, parse_task

GOOD = {"model": "tiny", "prompt": "hello", "max_tokens": 5, "temperature": 1, "stream": True}


def test_a_whole_task_and_the_least_one() -> None:
    """Model and prompt are needed; other gateways' fields are let through."""
    assert parse_task(json.dumps(GOOD).encode()) == Task("tiny", "hello", 5, 1, stream=True)
    assert parse_task(b'{"model": "tiny", "prompt": "x", "user": "me"}') == Task("tiny", "x")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", ""),
        ("model", 7),
        ("model", "m" * 201),
        ("prompt", "  "),
        ("prompt", None),
        ("max_tokens", 0),
        ("max_tokens", 4097),
        ("max_tokens", True),
        ("max_tokens", 1.0),
        ("temperature", -0.1),
        ("temperature", float("nan")),
        ("temperature", "hot"),
        ("stream", "yes"),
    ],
)
def test_a_bad_field_is_named(field: str, value: object) -> None:
    """The error names the field that is wrong."""
    with pytest.raises(FieldError) as caught:
        parse_task(json.dumps({**GOOD, field: value}).encode())
    assert caught.value.field == field


@pytest.mark.parametrize("missing", ["model", "prompt"])
def test_a_missing_field_is_named(missing: str) -> None:
    """The error names the field that is missing."""
    with pytest.raises(FieldError, match="is missing") as caught:
        parse_task(json.dumps({key: value for key, value in GOOD.items() if key != missing}).encode())
    assert caught.value.field == missing


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[1]", b"[" * 20_000])
def test_a_body_that_is_no_object_is_named_body(body: bytes) -> None:
    """Not JSON, not UTF-8, no object, nested too deep: all are the body's fault."""
    with pytest.raises(FieldError) as caught:
        parse_task(body)
    assert caught.value.field == "body"
