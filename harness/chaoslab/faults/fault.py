"""The life of one fault, as the spine drives it: prepare, undos, inject, prove, prove_clean, close."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from chaoslab.errors import CannotInject, ToolError
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.plan import Step
from chaoslab.model.replica import Replica
from chaoslab.model.suite import FaultSpec

if TYPE_CHECKING:
    from chaoslab.lab.lab import Lab
    from chaoslab.tools.attached import Attached

S = TypeVar("S", bound=FaultSpec)
T = TypeVar("T")
HELPER_READY_SECONDS = 10.0
HELPER_ANSWER_SECONDS = 15.0


class Fault(ABC, Generic[S]):
    """One disturbance of the lab. The order of calls is the order of the methods below; `close` is always called.

    `needs`: the tools that its targets' image must have, besides a shell.
    """

    Spec: ClassVar[type[FaultSpec]]
    needs: ClassVar[tuple[str, ...]] = ()

    def __init__(self, step: Step, lab: "Lab", scenario_id: str) -> None:
        self.id = step.fault_id
        self.step = step
        self.spec = cast("S", step.fault)
        self.lab = lab
        self.scenario_id = scenario_id
        self.chosen: tuple[Replica, ...] = ()
        """What `where` or chance decided on, as it was then."""
        self._helpers: list[Attached] = []

    @abstractmethod
    def prepare(self) -> None:
        """Do during the baseline all that is slow: choose targets, start helpers and canaries, check abilities.

        Raises CannotInject (host or image lacks it) and NotProvable (it could not be shown here and now).
        """

    @abstractmethod
    def undos(self) -> tuple[Undo, ...]:
        """Say as data how to put everything back; known after `prepare`, on disk before `inject`."""

    @abstractmethod
    def inject(self) -> Effect:
        """Bring the effect about and return when it is there. Raises NotProvable when its trigger never opens."""

    @abstractmethod
    def prove(self) -> Proof:
        """Measure the effect: shortly before the revert of a held fault, at once for a one-shot one."""

    @abstractmethod
    def prove_clean(self) -> Proof:
        """Measure that the effect is gone, after the undos were carried out."""

    def close(self) -> None:
        """End the helpers: their input ends, so they clean up after themselves. May be called twice."""
        for helper in self._helpers:
            helper.end_input()
            helper.close()
        self._helpers.clear()

    def start(self, program: str, **options: Any) -> "Attached":
        """Start a helper that greets with `{"ready": true}`; `close` ends it. Raises CannotInject with its reason."""
        helper = self.lab.start_helper(program, **options)
        self._helpers.append(helper)
        try:
            greeting = helper.receive(HELPER_READY_SECONDS)
        except TimeoutError as error:
            raise ToolError(f"helper {program} did not get ready within {HELPER_READY_SECONDS:g} s") from error
        if not (isinstance(greeting, dict) and greeting.get("ready")):
            reason = (
                greeting.get("error") if isinstance(greeting, dict) else " | ".join(helper.stderr) or "it ended at once"
            )
            raise CannotInject(
                f"this engine's host does not let a helper do its work ({program}): {reason}",
                remedy="`chaoslab doctor` says what is missing",
            )
        return helper

    def undo(self, verb: str, service: str, replica: int = 0, **wanted: Any) -> Undo:
        """Make one undo record of this fault."""
        return Undo(f"{self.id}:{verb}:{service}:{replica}", verb, service, replica, wanted)

    def proof(self, finding: "Finding") -> Proof:
        """Put this fault's name on a finding."""
        return Proof(self.id, finding.measured, finding.expected, finding.unit, finding.proven, finding.detail)

    def timed(self, call: Callable[[], T]) -> tuple[T, int, int]:
        """Make a call and return its result with the lab instant of its middle and half its length (ns), the tie's error included."""
        before = self.lab.history.now_ns()
        result = call()
        after = self.lab.history.now_ns()
        return result, (before + after) // 2, (after - before) // 2 + self.lab.history.tie.error_ns


class Finding:
    """What a pure proof function found: the number, what it had to be, and whether it was. `detail` is for people."""

    __slots__ = ("detail", "expected", "measured", "proven", "unit")

    def __init__(self, measured: float | None, expected: str, unit: str, *, proven: bool, detail: str = "") -> None:
        self.measured = None if measured is None else round(measured, 3)
        self.expected = expected
        self.unit = unit
        self.proven = proven
        self.detail = detail

    def refused(self, reason: str) -> "Finding":
        """Return the same measurement as not proven, with the reason first."""
        return Finding(
            self.measured, self.expected, self.unit, proven=False, detail="; ".join(filter(None, (reason, self.detail)))
        )

    def noted(self, note: str) -> "Finding":
        """Return the same finding with something to tell besides."""
        return Finding(
            self.measured,
            self.expected,
            self.unit,
            proven=self.proven,
            detail="; ".join(filter(None, (self.detail, note))),
        )


def asked(helper: "Attached", **request: Any) -> dict[str, Any]:
    """Ask a helper and return its answer. Raises ToolError with what it says went wrong."""
    answer = helper.ask(request, HELPER_ANSWER_SECONDS)
    if not isinstance(answer, dict) or "error" in answer:
        raise ToolError(
            f"helper {helper.name} could not {request.get('do')}: {answer.get('error') if isinstance(answer, dict) else answer!r}"
        )
    return answer
