"""Packet rules of one fault in the network namespaces of its targets: a helper each, started during the baseline."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from chaoslab.faults.fault import Fault, asked
from chaoslab.model.history import Undo
from chaoslab.model.replica import Replica

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab
    from chaoslab.tools.attached import Attached

T = TypeVar("T")
Rule = dict[str, Any]
AT_ONCE = 8
LIMIT_MARGIN_SECONDS = 120


class PacketRules:
    """What goes in, comes out and is counted, by target. The helpers take the rules out by themselves as well."""

    def __init__(self, fault: Fault[Any], holders: Sequence[Replica]) -> None:
        self._fault = fault
        self._lab: Lab = fault.lab
        self.holders = tuple(holders)
        self._helpers: dict[str, Attached] = {}

    @property
    def mark(self) -> str:
        """What the rules' comments carry."""
        return f"{self._lab.mark}-{self._fault.id}"

    def prepare(self) -> None:
        """Start the helpers, all at once. Raises CannotInject where the host does not let them work."""
        limit = self._fault.step.hold_seconds + self._fault.step.at_seconds + LIMIT_MARGIN_SECONDS

        def start(replica: Replica) -> "Attached":
            return self._fault.start(
                "netfilter",
                arguments=(self.mark, f"{limit:g}"),
                network=f"container:{replica.id}",
                capabilities=("NET_ADMIN",),
            )

        for replica, helper in zip(self.holders, self._each(start), strict=True):
            self._helpers[str(replica)] = helper
            self._lab.helpers[self._undo(replica).id] = helper

    def undos(self) -> tuple[Undo, ...]:
        """Remove the rules of each target."""
        return tuple(self._undo(replica) for replica in self.holders)

    def put(self, rules: Mapping[str, list[Rule]]) -> tuple[int, int]:
        """Put each target's rules in by one call each; return the middle and half the length of the time it took (ns)."""
        answers = self._each(lambda replica: self.ask(replica, do="put", rules=rules[str(replica)]))
        first = min(answer["at_ns"] - answer["error_ns"] for answer in answers)
        last = max(answer["at_ns"] for answer in answers)
        return (first + last) // 2, (last - first) // 2 + self._lab.history.tie.error_ns

    def dropped(self) -> dict[str, int]:
        """Count the packets that met the rules, by target."""
        answers = self._each(lambda replica: self.ask(replica, do="read")["rules"])
        return {
            str(replica): sum(pair[0] for pair in counters if pair)
            for replica, counters in zip(self.holders, answers, strict=True)
        }

    def left(self) -> int:
        """Count the rules that are still in."""
        answers = self._each(lambda replica: self.ask(replica, do="read")["rules"])
        return sum(pair is not None for counters in answers for pair in counters)

    def dial(self, places: Mapping[str, Sequence[tuple[str, int]]], seconds: float) -> dict[str, list[str]]:
        """Try TCP connections from inside each target's namespace; outcomes by target, in order."""

        def tried(replica: Replica) -> list[str]:
            wanted = [list(place) for place in places.get(str(replica), ())]
            return list(self.ask(replica, do="dial", places=wanted, seconds=seconds)["outcomes"]) if wanted else []

        return dict(zip(map(str, self.holders), self._each(tried), strict=True))

    def lookup(self, names: Sequence[str], server: str, seconds: float) -> dict[str, list[str]]:
        """Look names up from inside each target's namespace; outcomes by target, in order."""
        answers = self._each(
            lambda replica: self.ask(replica, do="lookup", names=list(names), server=server, seconds=seconds)
        )
        return {str(replica): list(answer["outcomes"]) for replica, answer in zip(self.holders, answers, strict=True)}

    def ask(self, replica: Replica, **request: Any) -> dict[str, Any]:
        """Ask one target's helper."""
        return asked(self._helpers[str(replica)], **request)

    def forget(self) -> None:
        """Let nobody ask the helpers any more; the fault's `close` ends them."""
        for undo in self.undos():
            self._lab.helpers.pop(undo.id, None)

    def _undo(self, replica: Replica) -> Undo:
        return self._fault.undo("remove_rules", replica.service, replica.number, mark=self.mark)

    def _each(self, do: Callable[[Replica], T]) -> list[T]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(do, self.holders))


def replaced(lab: "Lab", before: Iterable[Replica]) -> list[str]:
    """Say which targets are no longer what they were: restarted, replaced, down or gone. Their network namespace went with it."""
    said = []
    for old in before:
        new = next((one for one in lab.replicas(old.service) if one.number == old.number), None)
        if new is None:
            said.append(f"{old} is gone")
        elif new.id != old.id:
            said.append(f"{old} was replaced meanwhile")
        elif new.started_at != old.started_at:
            said.append(f"{old} was restarted meanwhile")
        elif new.state not in ("running", "paused"):
            said.append(f"{old} is {new.state}")
    return said


def rules_gone(said: Sequence[str]) -> str:
    """Say what it means for rules that their target is no longer what it was; nothing when all are."""
    return f"{', '.join(said)}: the rules went with its network namespace" if said else ""
