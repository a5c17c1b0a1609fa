"""What x-chaoslab says of the text that a probe sends and expects: whether its kind has such a text, and whether it can be read."""

import re
from collections.abc import Iterator, Mapping

from chaoslab.model.lab import Probe
from chaoslab.parse.wording import Found

WITH_TEXT = ("http", "redis")
"""Kinds of probes whose answers have a text."""


def text_problems(probes: Mapping[str, Probe]) -> Iterator[Found]:
    """Find commands that are none, and expected texts that no answer could have; places below `probes`."""
    for name, probe in probes.items():
        if probe.kind == "redis" and probe.body is not None and not _is_command(probe.body):
            yield (name, "body"), "a redis probe's body is its command, one line of text", 'e.g. "INFO replication"'
        if probe.expect_body is None:
            continue
        if probe.kind not in WITH_TEXT:
            yield (name, "expect_body"), f"an answer of kind {probe.kind} has no text", "remove it"
        try:
            re.compile(probe.expect_body.encode(), re.DOTALL)
        except re.error as error:
            yield (name, "expect_body"), f"is no regular expression: {error}", "Python's syntax"


def _is_command(body: object) -> bool:
    return isinstance(body, str) and bool(body.strip()) and "\n" not in body and "\r" not in body
