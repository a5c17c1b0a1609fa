"""The engine's calls that take a container out of a network and put it back: the part of the engine's door that knows of networks."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Attachment:
    """A container's place in a network: the names and the address by which others reach it there."""

    network: str
    aliases: tuple[str, ...]
    address: str


class Networks:
    """What `Engine` can do about networks; connection and errors are `Engine`'s own."""

    _api: Any

    def inspect_raw(self, container: str) -> dict[str, Any] | None:
        """Return the engine's inspect document."""
        raise NotImplementedError

    def _calling(self, what: str) -> AbstractContextManager[None]:
        raise NotImplementedError

    def attachments(self, container: str) -> tuple[Attachment, ...]:
        """List a container's places in networks; empty when there is no such container."""
        networks = ((self.inspect_raw(container) or {}).get("NetworkSettings") or {}).get("Networks") or {}
        return tuple(
            Attachment(
                name,
                tuple(alias for alias in place.get("Aliases") or () if not container.startswith(alias)),
                place.get("IPAddress") or "",
            )
            for name, place in networks.items()
        )

    def disconnect(self, container: str, network: str) -> None:
        """Take a container out of a network."""
        with self._calling(f"disconnect {container[:12]} from {network}"):
            self._api.disconnect_container_from_network(container, network)

    def connect(self, container: str, place: Attachment) -> None:
        """Put a container into a network under these names; an empty address leaves the choice to the engine."""
        with self._calling(f"connect {container[:12]} to {place.network}"):
            self._api.connect_container_to_network(
                container, place.network, ipv4_address=place.address or None, aliases=list(place.aliases)
            )
