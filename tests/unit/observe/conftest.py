"""A driver on a plain observer process, stopped after each test."""

from collections.abc import Callable, Iterator

import pytest

from chaoslab.model.lab import LabSpec
from chaoslab.observe.observer import Observer
from unit.observe.plain import LOCAL, PROXY, Collected, Pipes


class Plain:
    """What a test holds: the driver, its process, what it collected."""

    def __init__(self, spec: LabSpec) -> None:
        self.sink = Collected()
        self.pipes = Pipes()
        self.observer = Observer(self.pipes, spec, self.sink)
        self.observer.addresses.set("web", {1: LOCAL})
        self.observer.addresses.set("toxiproxy", {1: PROXY})
        self.observer.open()


@pytest.fixture
def observing() -> Iterator[Callable[[LabSpec], Plain]]:
    """Start observers; all of them are ended afterwards."""
    started: list[Plain] = []

    def start(spec: LabSpec) -> Plain:
        started.append(Plain(spec))
        return started[-1]

    yield start
    for plain in started:
        plain.observer.stop()
