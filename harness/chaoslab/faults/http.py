"""http: one request to a hook of the application itself, with a request of its own that undoes it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from chaoslab.errors import CannotInject, ChaoslabError, NotProvable
from chaoslab.faults import targets
from chaoslab.faults.fault import Fault, Finding
from chaoslab.faults.resource import lives
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.lab import Port
from chaoslab.model.replica import Replica
from chaoslab.model.suite import Count, HeldFaultSpec, Where
from chaoslab.model.value import Value
from chaoslab.parse.answer import value_at

OK = (200, 201, 202, 204)
PathText = Annotated[str, Field(pattern="^/")]


class UndoRequest(Value):
    """The request that puts back what the fault's request did; sent again until it is answered well, so it must be idempotent."""

    method: str = "POST"
    path: PathText
    body: Any = None
    expect_status: tuple[int, ...] = OK


class ProofRequest(Value):
    """A GET that shows the effect: the JSONPath `value` in its answer equals `equals` while the fault is there, and not afterwards."""

    path: PathText
    value: str = "$"
    equals: Any


class HttpSpec(HeldFaultSpec):
    """Sends a request to some replicas of `service`. `port`: by default the one that its health probe asks."""

    type: Literal["http"] = "http"
    service: targets.Target
    count: Count = 1
    where: Where | None = None
    port: Port | None = None
    method: str = "POST"
    path: PathText
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    expect_status: tuple[int, ...] = OK
    undo: UndoRequest
    proof: ProofRequest | None = None

    @property
    def target(self) -> str:
        """The service, under the name by which plans ask every fault for it."""
        return self.service

    def describe(self) -> str:
        """Say what is asked of whom."""
        return f"{self.method} {self.path} of {targets.of(self.service, self.count, self.where)}"

    def undoes(self) -> tuple[str, ...]:
        """Send the undo request."""
        return (f"{self.undo.method} {self.undo.path} of {targets.of(self.service, self.count)}",)


class Http(Fault[HttpSpec]):
    """Sent by the observer, from inside the lab, to each replica itself."""

    Spec = HttpSpec

    def prepare(self) -> None:
        """Choose the targets and the port."""
        self.targets = targets.choose(self)
        ports = [probe.port for probe in targets.health_probes(self.lab, self.spec.service) if probe.port]
        port = self.spec.port or next(iter(ports), None)
        if port is None:
            raise CannotInject(f"no probe tells a port of {self.spec.service}", remedy="say port in the fault")
        self.port = port
        self.statuses: dict[str, int] = {}

    def undos(self) -> tuple[Undo, ...]:
        """Send the undo request to each target."""
        wanted = self.spec.undo
        return tuple(
            self.undo(
                "http_request",
                one.service,
                one.number,
                method=wanted.method,
                port=self.port,
                path=wanted.path,
                headers=self.spec.headers,
                body=wanted.body,
                expect_status=list(wanted.expect_status),
            )
            for one in self.targets
        )

    def inject(self) -> Effect:
        """Send the requests; the effect lies within the calls. Raises NotProvable when one is refused."""
        _, at, error = self.timed(self._send)
        return Effect(at, error, f"{self.spec.describe()}: {targets.names(self.targets)}")

    def prove(self) -> Proof:
        """The answers had the status, and the proof's value is there."""
        values = {str(one): self._value(one) for one in self.targets} if self.spec.proof else {}
        finding = hooked(self.spec, self.statuses, values)
        told = lives([(one, self._now(one)) for one in self.targets])
        return self.proof(finding.noted(told) if told else finding)

    def prove_clean(self) -> Proof:
        """The proof's value is there no more; without a proof request, the undo request was answered well."""
        values = {str(one): self._value(one) for one in self.targets} if self.spec.proof else {}
        left = [name for name, value in values.items() if self.spec.proof and value == self.spec.proof.equals]
        detail = "" if self.spec.proof else "no proof request: the undo request was answered as expected"
        return self.proof(Finding(len(left), "0 still show it", "replicas", proven=not left, detail=detail))

    def _send(self) -> None:
        for replica in self.targets:
            reply = self.lab.observer.request(
                self.spec.method, self._url(replica, self.spec.path), body=self.spec.body, headers=self.spec.headers
            )
            self.statuses[str(replica)] = reply.status
            if reply.status not in self.spec.expect_status:
                raise NotProvable(
                    f"{replica} answered {reply.status} to {self.spec.method} {self.spec.path}: {reply.body[:200]}"
                )

    def _value(self, replica: Replica) -> Any:
        """Ask for the proof's value; the error's words when there is no answer."""
        assert self.spec.proof is not None
        try:
            reply = self.lab.observer.request(
                "GET", self._url(replica, self.spec.proof.path), headers=self.spec.headers
            )
        except ChaoslabError as error:
            return f"no answer: {error.message}"
        return value_at(reply.body, self.spec.proof.value)

    def _url(self, replica: Replica, path: str) -> str:
        return f"{replica.service}[{replica.number}]:{self.port}{path}"

    def _now(self, replica: Replica) -> Replica | None:
        try:
            return self.lab.replica(replica.service, replica.number)
        except ChaoslabError:
            return None


def hooked(spec: HttpSpec, statuses: dict[str, int], values: dict[str, Any]) -> Finding:
    """Judge it: every answer had an expected status, and every proof value is there. `measured`: how many replicas show it."""
    if spec.proof is None:
        good = sum(status in spec.expect_status for status in statuses.values())
        said = ", ".join(f"{name} answered {status}" for name, status in statuses.items())
        return Finding(good, f"{len(statuses)} as expected", "answers", proven=good == len(statuses) > 0, detail=said)
    good = sum(value == spec.proof.equals for value in values.values())
    said = ", ".join(f"{name}: {spec.proof.value} is {value!r}" for name, value in values.items())
    expected = f"{len(values)} with {spec.proof.value} = {spec.proof.equals!r}"
    return Finding(good, expected, "replicas", proven=good == len(values) > 0, detail=said)
