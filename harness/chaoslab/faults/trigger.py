"""Waits for the moment a crash is to hit: something open on the target, proven to be open at the kill by freezing it first."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoslab.errors import LabError, NotProvable, ToolError
from chaoslab.faults.signals import Sent, Signaller
from chaoslab.model.lab import Trigger
from chaoslab.model.replica import Replica

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab

DEADLINE_SECONDS = 10.0
POLL_SECONDS = 0.005
IN_FLIGHT_SECONDS = 0.02
"""What the target had sent before it froze must have arrived when the trigger is asked again."""
REQUEST_SECONDS = 1.0
RESTART_GRACE_SECONDS = 5
UP_SECONDS = 5.0
RANDOM_WITHIN_SECONDS = 3.0
SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Caught:
    """A target that was frozen while something was open on it."""

    replica: Replica
    open: str
    frozen: Sent


class Catcher:
    """Catches a replica in the act. `restart_first`: makes the act happen by restarting it."""

    def __init__(self, lab: "Lab", trigger: Trigger, signaller: Signaller) -> None:
        self.lab = lab
        self.trigger = trigger
        self.signaller = signaller
        self._find = finder(trigger.open)

    def catch(self, replica: Replica, deadline_ns: int) -> Caught:
        """Freeze the replica while the trigger is open. Raises NotProvable at the deadline; the replica then runs on."""
        history, tries = self.lab.history, 0
        while history.now_ns() < deadline_ns:
            history.check()
            if self.trigger.restart_first and (tries == 0 or self._closed_for(deadline_ns)):
                replica = self._restarted(replica)
                tries += 1
            if not self._until_open(replica, deadline_ns):
                continue
            frozen = self.signaller.send([replica], "SIGSTOP", everyone=True)
            history.pause(IN_FLIGHT_SECONDS)
            if found := self._ask(replica):
                return Caught(replica, found, frozen)
            self.signaller.send([replica], "SIGCONT", everyone=True)
        raise NotProvable(
            f"trigger {self.trigger.name} was never open on {replica} within {DEADLINE_SECONDS:g} s",
            remedy="is there work for it? see the trigger's endpoint in x-chaoslab",
        )

    def _closed_for(self, deadline_ns: int) -> bool:
        """Whether there is time for another restart."""
        return deadline_ns - self.lab.history.now_ns() > 1_000_000_000

    def _until_open(self, replica: Replica, deadline_ns: int) -> bool:
        """Poll until the trigger is open; False at the deadline, or when another restart is due."""
        history = self.lab.history
        until = (
            min(deadline_ns, history.now_ns() + int(UP_SECONDS * 1e9)) if self.trigger.restart_first else deadline_ns
        )
        while history.now_ns() < until:
            if self._ask(replica):
                return True
            history.pause(POLL_SECONDS)
        return False

    def _ask(self, replica: Replica) -> str:
        """Return what is open on the replica as text, empty when nothing is or nobody answers."""
        path = self.trigger.path.replace("{hostname}", replica.hostname)
        url = f"{self.trigger.service}:{self.trigger.port}{path}"
        try:
            reply = self.lab.observer.request("GET", url, timeout_seconds=REQUEST_SECONDS)
        except (ToolError, LabError):
            return ""
        return self._find(reply.body) if reply.status == 200 else ""

    def _restarted(self, replica: Replica) -> Replica:
        """Restart the target through the engine and watch its new process."""
        self.lab.engine.restart(replica.id, RESTART_GRACE_SECONDS)

        def again() -> Replica | None:
            try:
                fresh = self.lab.replica(replica.service, replica.number)
            except LabError:
                return None
            return fresh if fresh.running and fresh.pid not in (0, replica.pid) else None

        try:
            fresh = self.lab.history.wait(again, UP_SECONDS, f"{replica} running again after its restart")
        except TimeoutError as error:
            raise NotProvable(str(error)) from error
        self.signaller.watch(fresh)
        return fresh


def finder(path: str) -> Callable[[Any], str]:
    """Return a function that shows what a JSONPath finds in a body (text or JSON value); empty when it finds nothing."""
    import json  # noqa: PLC0415 - with its only user

    import jsonpath  # noqa: PLC0415 - costs 30 ms, so only where a trigger is used

    compiled = jsonpath.compile(path)

    def find(body: Any) -> str:
        try:
            value = json.loads(body) if isinstance(body, str | bytes) else body
        except ValueError:
            return ""
        found = [one for one in compiled.findall(value) if one or one == 0]  # null, false and empty mean: nothing open
        if not found:
            return ""
        text = found[0] if isinstance(found[0], str) else json.dumps(found[0], ensure_ascii=False)
        return str(text)[:SHOWN_CHARACTERS]

    return find


def random_delay_seconds(seed: int, scenario_id: str, fault_id: str) -> float:
    """Return the seeded moment of a `random` timing."""
    return random.Random(f"{seed}:{scenario_id}:{fault_id}:timing").uniform(0, RANDOM_WITHIN_SECONDS)  # noqa: S311 - a reproducible choice, no secret
