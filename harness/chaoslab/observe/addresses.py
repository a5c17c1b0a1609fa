"""Which address each replica has now, as the engine reported it last. Knows nothing of how it came to know."""

import re
import threading
from collections.abc import Mapping

from chaoslab.errors import LabError
from chaoslab.model.replica import Replica

PLACE = re.compile(r"^(?:https?://)?(?P<host>[^/:\[\]]+)(?:\[(?P<replica>\d+)\])?:(?P<port>\d+)(?P<path>/\S*)?$")
IPV4 = re.compile(r"^\d{1,3}(\.\d{1,3}){3}$")


class AddressBook:
    """IPv4 addresses by service and replica number; an empty one means that the replica has none now."""

    def __init__(self) -> None:
        self._book: dict[str, dict[int, str]] = {}
        self._lock = threading.Lock()

    def set(self, service: str, addresses: Mapping[int, str]) -> bool:
        """Renew the given replicas' addresses; others stay. Returns whether anything changed.

        A dead replica keeps its address, which it mostly gets back; when another gets it, it is taken from the dead one.
        """
        with self._lock:
            known = self._book.setdefault(service, {})
            if not any(known.get(number) != address for number, address in addresses.items()):
                return False
            taken = set(addresses.values()) - {""}
            for others in self._book.values():
                others.update({number: "" for number, address in others.items() if address in taken})
            known.update(addresses)
            return True

    def set_all(self, replicas: tuple[Replica, ...], networks: tuple[str, ...]) -> None:
        """Take over what the engine reports, preferring addresses in networks that the observer has joined."""
        for replica in replicas:
            self.set(replica.service, {replica.number: reachable(replica, networks)})

    def of(self, service: str) -> dict[int, str]:
        """Return a service's addresses by replica number, in order."""
        with self._lock:
            return dict(sorted(self._book.get(service, {}).items()))

    def find(self, host: str, number: int | None = None) -> str:
        """Return the address of a service's replica (any that has one), or `host` itself where it is one. Raises LabError."""
        if IPV4.match(host):
            return host
        known = self.of(host)
        address = next((address for at, address in known.items() if address and number in (None, at)), "")
        if not address:
            raise LabError(
                f"no address is known for {host}{f'[{number}]' if number else ''}: it does not run, or is not a service of this lab"
            )
        return address


def reachable(replica: Replica, networks: tuple[str, ...]) -> str:
    """Return the replica's address in the first of `networks` that it is in, else any; empty while it does not run."""
    if replica.state not in ("running", "paused", "restarting"):
        return ""
    return next((replica.addresses[name] for name in networks if replica.addresses.get(name)), replica.address)
