"""Bytes that are no JSON, or JSON that says more than JSON readers tell."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoslab.parse.json_text import MAX_BYTES, MAX_DEPTH, NotJson, read_json
from chaoslab.parse.wording import json_path


def refused(data: bytes) -> NotJson:
    """Read what is no JSON."""
    with pytest.raises(NotJson) as caught:
        read_json(data)
    return caught.value


def flaws(text: str) -> list[tuple[str, str]]:
    """List what is wrong inside of JSON, as path and message."""
    return [(json_path(place), message) for place, message, _remedy in read_json(text.encode())[1]]


def test_reads_json_with_and_without_mark() -> None:
    """A byte order mark in front of UTF-8 changes nothing."""
    assert read_json(b'{"a": [1, 2.5, null]}') == ({"a": [1, 2.5, None]}, [])
    assert read_json(b'\xef\xbb\xbf{"a": 1}') == ({"a": 1}, [])


@pytest.mark.parametrize("data", [b"", b" \r\n\t ", b"\xef\xbb\xbf"])
def test_empty_file(data: bytes) -> None:
    """A file without anything in it is called empty, not misspelt."""
    error = refused(data)
    assert (error.place, error.message) == ("", "the file is empty")


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'{"a": "\xe4"}', "byte 7"),
        (b'\xef\xbb\xbf{"a": "\xe4"}', "byte 10"),
        ("{}".encode("utf-16"), "byte 0"),
        (b"\xff", "byte 0"),
    ],
)
def test_not_utf_8(data: bytes, place: str) -> None:
    """What is not UTF-8 is told with the offset of the first wrong byte, the mark counted."""
    assert refused(data).place == place


@pytest.mark.parametrize(
    ("text", "place", "message", "remedy"),
    [
        ('{\n  "a": 1,\n}', "line 2 column 9", "bad JSON: a comma before a closing bracket", "remove it"),
        ("[1, 2, ]", "line 1 column 6", "bad JSON: a comma before a closing bracket", "remove it"),
        ('{"a": 1', "line 1 column 8", "bad JSON: the file ends too early", "close every bracket"),
        ("[", "line 1 column 2", "bad JSON: the file ends too early", "close every bracket"),
        ('{"a": 1}\n}', "line 2 column 1", "bad JSON: extra data", ""),
        ("{'a': 1}", "line 1 column 2", "bad JSON: expecting property name enclosed in double quotes", "JSON text"),
        ('{"a": True}', "line 1 column 7", "bad JSON: expecting value", "write true in lower case"),
        ("{} // x", "line 1 column 4", "bad JSON: extra data", "JSON has no comments"),
        ('{"a": "\x07"}', "line 1 column 8", "bad JSON: invalid control character", ""),
        ('{"a": "x', "line 1 column 7", "bad JSON: unterminated string starting", ""),
        ('{"a" 1}', "line 1 column 6", "bad JSON: expecting ':' delimiter", ""),
    ],
)
def test_syntax_errors_have_line_and_column(text: str, place: str, message: str, remedy: str) -> None:
    """A syntax error is told with line and column, in the same words on every Python version."""
    error = refused(text.encode())
    assert (error.place, error.message) == (place, message)
    assert error.remedy.startswith(remedy)


def test_depth_is_limited() -> None:
    """Nesting to the limit is read, one level more is refused at its bracket; brackets inside text do not count."""
    assert read_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)[1] == []
    error = refused(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
    assert (error.place, error.message) == (f"line 1 column {MAX_DEPTH + 1}", "nested more than 100 deep")
    assert refused(b'{"a":' * 100_000).message == "nested more than 100 deep"
    assert read_json(b'"' + b"[" * 1000 + b'\\"["')[1] == []


def test_size_is_limited() -> None:
    """A file beyond 1 MiB is refused before it is looked at."""
    assert "1024 KiB" in refused(b" " * (MAX_BYTES + 1)).message


def test_unterminated_text_is_refused_quickly() -> None:
    """A megabyte of escapes without an end takes no quadratic time."""
    assert refused(b'"' + b'\\"' * (MAX_BYTES // 2 - 1)).message.startswith("bad JSON")


def test_repeated_keys() -> None:
    """A key that stands twice in one object is told with its path, once."""
    assert flaws('{"a": [{"b": 1, "b": 2, "b": 3}], "c": {"b": 1}}') == [
        ("$.a[0].b", "the key stands twice in the same object")
    ]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_numbers_that_are_none(number: str) -> None:
    """NaN, infinities and numbers beyond a float are told with their path."""
    assert flaws(f'{{"a": [{number}]}}') == [("$.a[0]", "NaN, Infinity or a number beyond 1e308 is no JSON number")]


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        (r'{"id": "a\u001b[2J"}', ("$.id", "the text holds the control character U+001B")),
        (r'{"id": "a\nb"}', ("$.id", "the text holds the control character U+000A")),
        (r'{"id": "\u202egnp"}', ("$.id", "the text holds the control character U+202E")),
        (r'{"id": "\ud800"}', ("$.id", "the text holds half of a surrogate pair (U+D800)")),
        (r'{"a\u0000": 1}', ("$", r'the key "a\u0000" holds the control character U+0000')),
        (r'{"description": "\u0007"}', ("$.description", "the text holds the control character U+0007")),
    ],
)
def test_control_characters(text: str, flaw: tuple[str, str]) -> None:
    """Escaped control characters, direction marks and lone surrogates are told with their path."""
    assert flaws(text) == [flaw]


def test_prose_may_have_lines() -> None:
    """Descriptions may hold line breaks and tabs, and any language."""
    assert flaws(r'{"description": "a\n\tb", "expected_behavior": "c\nd", "name": "Zähler 数 🐝"}') == []


@settings(deadline=None)
@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    """Whatever the bytes, there is a value or a NotJson, and nothing else."""
    with suppress(NotJson):
        read_json(data)
