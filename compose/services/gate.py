"""Limits how many requests are inside at once; the others wait in a bounded line."""

import math

from services.waiting_room import WaitingRoom


class Gate:
    """Entered by whoever starts, left in `finally`."""

    def __init__(self, places: int, line: int, wait_seconds: float, standing_seconds: float = math.inf) -> None:
        self.places = places
        self.inside = 0
        self.room: WaitingRoom[None] = WaitingRoom(line, wait_seconds, lambda _: self.leave(), standing_seconds)

    async def enter(self) -> None:
        """Take a place; raises OverloadedError."""
        if self.inside < self.places:
            self.inside += 1
        else:
            await self.room.wait()

    def leave(self) -> None:
        """Hand the place to the first in line, or free it."""
        if not self.room.admit(None):
            self.inside -= 1
