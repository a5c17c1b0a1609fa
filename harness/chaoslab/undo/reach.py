"""What the interpreter works with: the doors to one lab."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chaoslab.errors import LabError
from chaoslab.model.history import Undo
from chaoslab.model.replica import Replica
from chaoslab.store import History
from chaoslab.tools.attached import Attached
from chaoslab.tools.compose import Compose
from chaoslab.tools.engine import Engine
from chaoslab.tools.toxiproxy import Toxiproxy

COMPOSE_SECONDS = 60


@dataclass
class Reach:
    """What the interpreter works with: the doors to one lab, and the live helpers by undo id that can act at once."""

    project: str
    image: str
    engine: Engine
    compose: Compose
    history: History
    toxiproxy: Toxiproxy | None = None
    helpers: dict[str, Attached] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    renew: Callable[[str, Mapping[int, str]], object] | None = None
    """Tells the observer the new addresses (by replica number) of a service."""
    request: Callable[..., Any] | None = None
    """Sends an HTTP request from inside the lab (the observer's `request`)."""
    process_helper: Attached | None = None

    def replica(self, undo: Undo) -> Replica | None:
        """Return the container that an undo names, whatever its id is by now."""
        found = self.engine.replicas(self.project, undo.service)
        return next((replica for replica in found if replica.number == (undo.replica or replica.number)), None)

    def present(self, undo: Undo) -> Replica:
        """As `replica`, but recreate the service when the container is gone."""
        if replica := self.replica(undo):
            return replica
        self.compose.up(COMPOSE_SECONDS, [undo.service])
        if replica := self.replica(undo):
            return replica
        raise LabError(f"{undo.service}[{undo.replica}] is gone and compose did not bring it back")

    def toxics(self) -> Toxiproxy:
        """Return Toxiproxy's door. Raises LabError while the lab has none that answers."""
        if self.toxiproxy is None:
            raise LabError(
                "Toxiproxy is not reachable, so its toxics cannot be read", remedy="`chaoslab recover` once it runs"
            )
        return self.toxiproxy
