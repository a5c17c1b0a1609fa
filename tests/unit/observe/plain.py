"""The observer as a plain process of the text that travels, real local servers for it to ask, and a history that just collects."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from chaoslab.clock import SystemClock, Tie
from chaoslab.errors import ToolError
from chaoslab.model.history import Event, Sample
from chaoslab.model.lab import Canary, LabSpec, Link, Probe, Service, ToxiproxyAddress
from chaoslab.tools.program_source import program_source

DEADLINE_SECONDS = 10.0
LOCAL, PROXY = "127.0.0.1", "127.0.0.2"  # an address belongs to one replica only


class Pipes:
    """A Stream over the pipes of a plain process."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", program_source("observer"), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._sending = threading.Lock()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._input = self.process.stdin
        self._output = open(self.process.stdout.fileno(), "rb", closefd=False)  # noqa: SIM115 - closed in close()

    def send(self, message: Any) -> None:
        """Send one line."""
        try:
            with self._sending:
                self._input.write(json.dumps(message).encode() + b"\n")
        except (OSError, ValueError) as error:
            raise ToolError(f"the observer takes no input: {error}") from error

    def receive(self, timeout_seconds: float | None) -> Any:
        """Return the next line, None at the end."""
        line = self._output.readline()
        return json.loads(line) if line else None

    def end_input(self) -> None:
        """End the observer's input, as the harness's death does."""
        self._input.close()

    def close(self) -> None:
        """End the process."""
        self._input.close()
        self.process.wait(DEADLINE_SECONDS)
        self._output.close()
        assert self.process.stdout is not None
        self.process.stdout.close()


class Collected:
    """A history that only collects."""

    def __init__(self) -> None:
        self.tie = Tie(0, 0)
        self.samples: list[Sample] = []
        self.events: list[Event] = []
        self.batches: list[int] = []
        self.failures: list[Exception] = []
        self._changed = threading.Condition()

    def samples_in(self, samples: Iterable[Sample]) -> None:
        """Keep a batch."""
        batch = list(samples)
        with self._changed:
            self.samples += batch
            self.batches.append(len(batch))
            self._changed.notify_all()

    def event(self, kind: str, at_ns: int | None = None, scenario: str = "", error_ns: int = 0, **data: Any) -> Event:
        """Keep an event."""
        event = Event(at_ns or SystemClock().now_ns(), kind, scenario, data, error_ns)
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()
        return event

    def fail(self, error: Exception) -> None:
        """Keep a failure."""
        with self._changed:
            self.failures.append(error)
            self._changed.notify_all()

    def of(self, probe: str) -> list[Sample]:
        """Return one probe's samples."""
        return [sample for sample in list(self.samples) if sample.probe == probe]

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = DEADLINE_SECONDS) -> None:
        """Wait until something holds, looking after each append."""
        deadline = SystemClock().now_ns() + seconds * 1e9
        while not condition():
            left = (deadline - SystemClock().now_ns()) / 1e9
            assert left > 0, f"{what} did not happen within {seconds} s; last samples: {self.samples[-5:]}"
            with self._changed:
                self._changed.wait(min(left, 0.05))


def lab_spec(*probes: Probe, link_port: int = 9200, canary: Canary | None = None, api_port: int = 8474) -> LabSpec:
    """Build a lab of services `web` and `toxiproxy`, and the link `web-proxy`."""
    link = Link(
        name="web-proxy", client="client", server="web", listen=f"[::]:{link_port}", upstream="web:80",
        canary=canary or Canary(),
    )  # fmt: skip
    return LabSpec(
        project="plain", services={name: Service(name=name) for name in ("web", "toxiproxy")}, networks=(),
        toxiproxy=ToxiproxyAddress(port=api_port), default_link=None, links={link.name: link},
        probes={probe.name: probe for probe in probes}, triggers={},
    )  # fmt: skip
