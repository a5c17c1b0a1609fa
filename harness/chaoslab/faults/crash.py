"""crash and signal: a signal to the first process of a container on the engine's host, so that its restart policy acts."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from chaoslab.errors import ChaoslabError, NotProvable
from chaoslab.faults import targets
from chaoslab.faults.fault import Fault, Finding
from chaoslab.faults.signals import Sent, Signaller, check_signal, ended
from chaoslab.faults.trigger import DEADLINE_SECONDS, RANDOM_WITHIN_SECONDS, Catcher, Caught, random_delay_seconds
from chaoslab.model.history import Effect, Proof, Undo
from chaoslab.model.replica import Replica
from chaoslab.model.suite import OneShotFaultSpec

KILL_LIMIT_MS = 1000.0
"""A SIGKILL that has not ended a process by then met something else (a dying container of many processes takes longer than one)."""
DEFAULT_TIMEOUT_SECONDS = 10.0
EXIT_CODE_SECONDS = 0.5
Timing = Literal["during_inference", "during_registration", "random"]


class CrashSpec(targets.OnReplicas, OneShotFaultSpec):
    """Ends processes. `timeout_seconds`: SIGKILL for what still lives then."""

    type: Literal["crash"] = "crash"
    signal: str = "SIGKILL"
    timing: Timing | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = DEFAULT_TIMEOUT_SECONDS

    @model_validator(mode="after")
    def _signal_exists(self) -> "CrashSpec":
        check_signal(self.signal)
        return self

    @property
    def waits_seconds(self) -> float:
        """How long the signalled process may live."""
        return KILL_LIMIT_MS / 1000 if self.signal == "SIGKILL" else self.timeout_seconds

    def describe(self) -> str:
        """Say what is sent to whom, literally."""
        when = f" {self.timing.replace('_', ' ')}" if self.timing else ""
        then = "" if self.signal == "SIGKILL" else f", SIGKILL after {self.timeout_seconds:g} s"
        return f"{self.signal} to the process of {self.who}{when}{then}"

    def undoes(self) -> tuple[str, ...]:
        """The restart policy brings it back; else the harness does."""
        return (f"ensure running {targets.of(self.target, self.count)} (restart policy, else start)",)

    def longest_wait_seconds(self) -> float:
        """Trigger, grace period, and the kill."""
        trigger = RANDOM_WITHIN_SECONDS if self.timing == "random" else DEADLINE_SECONDS if self.timing else 0.0
        return 1.0 + trigger + (0.0 if self.signal == "SIGKILL" else self.timeout_seconds)


class Crash(Fault[CrashSpec]):
    """Signals the host PID through a pidfd.

    The effect is the instant of the first process's end; with a trigger and SIGKILL, of its freeze some 40 ms before.
    """

    Spec = CrashSpec

    def prepare(self) -> None:
        """Choose the targets and open their pidfds."""
        self.targets = targets.choose(self)
        self.signaller = Signaller(self)
        for replica in self.targets:
            self.signaller.watch(replica)
        self.catcher = None
        if self.spec.timing and self.spec.timing != "random":
            trigger = self.lab.spec.triggers.get(self.spec.timing)
            if trigger is None:
                raise NotProvable(
                    f"the lab declares no trigger {self.spec.timing}",
                    remedy="x-chaoslab.triggers says which endpoint tells",
                )
            if trigger.service == self.spec.target:
                raise NotProvable(
                    f"trigger {trigger.name} asks {trigger.service} itself, which cannot answer while it is frozen"
                )
            self.catcher = Catcher(self.lab, trigger, self.signaller)
        self.notes: list[str] = []
        self.exits: dict[str, int] = {}
        self.sent: Sent | None = None

    def undos(self) -> tuple[Undo, ...]:
        """Each target runs again."""
        return tuple(self.undo("ensure_running", replica.service, replica.number) for replica in self.targets)

    def inject(self) -> Effect:
        """Wait for the moment, signal, and see the processes end; SIGKILL for those that do not."""
        started = self.lab.history.now_ns()
        if self.spec.timing == "random":
            self.lab.history.pause(random_delay_seconds(self.lab.seed, self.scenario_id, self.id))
        self.targets = self._renewed()
        frozen = self._catch()
        self.sent = self.signaller.send(self.targets, self.spec.signal)
        if self.catcher and self.spec.signal not in ("SIGKILL", "SIGSTOP"):
            self.signaller.send(self.targets, "SIGCONT", everyone=True)
        waited = (self.sent.at_ns - started) / 1e9 if self.spec.timing else 0.0
        self.exits = self.signaller.exits(self.targets, self.spec.waits_seconds)
        alive = [replica for replica in self.targets if str(replica) not in self.exits]
        if alive and self.spec.signal != "SIGKILL":
            self._escalate(alive)
        if self.spec.signal != "SIGKILL":  # how long a process may take to end is its own affair
            waited += max(0, max(self.exits.values(), default=self.sent.at_ns) - self.sent.at_ns) / 1e9
        at, error = min(self.exits.values(), default=self.sent.at_ns), 0
        if frozen is not None and self.spec.signal == "SIGKILL":  # it has served nobody since it was frozen
            at, error = frozen.at_ns, frozen.error_ns
        what = f"{self.spec.describe()}: {targets.names(self.targets)}"
        return Effect(at, error + self.lab.history.tie.error_ns, what, waited)

    def prove(self) -> Proof:
        """Every process ended; the engine's exit codes and what was open at the kill ride along."""
        assert self.sent is not None
        limit = KILL_LIMIT_MS + (0.0 if self.spec.signal == "SIGKILL" else 1000 * self.spec.timeout_seconds)
        finding = ended(self.sent, self.exits, [str(replica) for replica in self.targets], self._exit_codes(), limit)
        for note in self.notes:
            finding = finding.noted(note)
        return self.proof(finding)

    def prove_clean(self) -> Proof:
        """As many of the targets run as were hit."""
        running = [self.lab.replica(replica.service, replica.number) for replica in self.targets]
        up = sum(replica.running for replica in running)
        return self.proof(Finding(up, f"{len(running)} running", "replicas", proven=up == len(running)))

    def _renewed(self) -> tuple[Replica, ...]:
        """Return the targets as they are now: a restart since the baseline gave them a new process."""
        fresh = tuple(self.lab.replica(replica.service, replica.number) for replica in self.targets)
        for old, new in zip(self.targets, fresh, strict=True):
            if new.pid == 0:
                raise NotProvable(f"{new} is {targets.describe(new)} already when the fault is due")
            if new.pid != old.pid or new.id != old.id:
                self.signaller.watch(new)
        return fresh

    def _catch(self) -> Sent | None:
        """Freeze each target while its trigger is open; returns when the first one froze, None without a trigger."""
        if self.catcher is None:
            return None
        deadline = self.lab.history.now_ns() + int(DEADLINE_SECONDS * 1e9)
        caught: list[Caught] = []
        try:
            for replica in self.targets:
                caught.append(self.catcher.catch(replica, deadline))  # noqa: PERF401 - what was caught must be known when one is not
        except (ChaoslabError, TimeoutError):
            self.signaller.send([one.replica for one in caught], "SIGCONT", everyone=True)
            raise
        self.targets = tuple(one.replica for one in caught)
        self.notes += [f"open at the kill: {one.open} on {one.replica}" for one in caught]
        return caught[0].frozen

    def _escalate(self, alive: list[Replica]) -> None:
        """SIGKILL for what outlived its time."""
        names = targets.names(tuple(alive))
        self.notes.append(f"{names} still lived {self.spec.timeout_seconds:g} s after {self.spec.signal}: SIGKILL")
        self.signaller.send(alive, "SIGKILL")
        self.exits |= self.signaller.exits(self.targets, KILL_LIMIT_MS / 1000)

    def _exit_codes(self) -> dict[str, int]:
        """The exit codes that the engine tells in its die events."""
        since = self.sent.at_ns if self.sent else 0

        def told() -> dict[str, int] | None:
            events = {
                str(replica): targets.engine_event(self.lab, replica, "die", since)
                for replica in self.targets
                if str(replica) in self.exits
            }
            codes = {
                name: int(event.data["exit_code"])
                for name, event in events.items()
                if event and event.data.get("exit_code") is not None
            }
            return codes if len(codes) == len(events) else None

        try:
            return self.lab.history.wait(told, EXIT_CODE_SECONDS, "the engine's die events")
        except TimeoutError:
            return {}
