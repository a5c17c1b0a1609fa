"""Runs one scenario: baseline, faults on their timeline, recovery window. Everything it learns goes into the history; it judges nothing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from chaoslab.clock import NS_PER_SECOND
from chaoslab.errors import CannotInject, ChaoslabError, NotProvable
from chaoslab.faults.catalog import make_fault
from chaoslab.faults.running import Running
from chaoslab.lab.evidence import Ended, gather
from chaoslab.lab.lab import Lab
from chaoslab.lab.load import ScenarioLoad
from chaoslab.lab.renew import Say, leave_clean
from chaoslab.model.lab import Probe
from chaoslab.model.plan import PlannedScenario
from chaoslab.model.replica import Replica
from chaoslab.store import WaitTimeout
from chaoslab.undo import UndoStack
from chaoslab.verdict.baseline import Window, baseline_steady
from chaoslab.verdict.recovery import decisive, recovered_at
from chaoslab.verdict.stop import breached

BOOST_HZ = 200.0
BOOST_LEAD_SECONDS = 1.0
BOOST_TAIL_SECONDS = 1.5
PROOF_LEAD_SECONDS = 0.35
LOOK_SECONDS = 0.1


class Aborted(ChaoslabError):
    """A stop condition of the scenario was reached."""


@dataclass
class Experiment:
    """One scenario on one lab. `run` always leaves the lab without its faults, whatever it raises."""

    planned: PlannedScenario
    lab: Lab
    stack: UndoStack
    say: Say
    load: ScenarioLoad
    running: list[Running] = field(default_factory=list)
    started_ns: int = 0
    waited_seconds: float = 0.0
    recovery_seconds: float = 0.0
    recovered: bool = True

    def run(self) -> None:
        """Load where there is one, baseline, then each fault on its timeline, then the recovery window.

        Raises Interrupted, and ChaoslabError when the harness or a tool failed; both after everything was undone.
        """
        history = self.lab.history
        self.started_ns = started = history.now_ns()
        history.event("scenario_started", suite=self.planned.suite, started=history.wall_iso())
        try:
            self.waited_seconds += self.load.start()
            if self._baseline():
                self._timeline()
                self._recovery()
        except CannotInject as error:
            self._not_injected("skipped", error)
        except NotProvable as error:
            self._not_injected("not_provable", error)
        except Aborted as error:
            history.event("note", text=str(error))
        finally:
            self._put_right()
            history.event(
                "scenario_ended",
                wall_seconds=(history.now_ns() - started) / NS_PER_SECOND,
                declared_seconds=self._declared_seconds(),
                waited_seconds=self.waited_seconds,
                recovery_seconds=self.recovery_seconds,
            )

    def _baseline(self) -> bool:
        """Watch the undisturbed lab and get every fault ready meanwhile; False when it is not steady."""
        history, planned = self.lab.history, self.planned
        self.say("baseline", planned.baseline_seconds, "watching the undisturbed lab")
        self._count_restarts("before")
        started = history.event("baseline_started").at_ns
        for step in planned.steps:
            running = Running(step, make_fault(step, self.lab, planned.key))
            self.running.append(running)
            running.prepare()
        ends = started + int(planned.baseline_seconds * NS_PER_SECOND)
        self._pause_until(ends - int(BOOST_LEAD_SECONDS * NS_PER_SECOND))
        self.lab.observer.boost(BOOST_HZ)
        self._pause_until(ends)
        window = Window(started, history.now_ns())
        found = baseline_steady(history.all_series(), self._decisive(), window, self.lab.spec.services)
        history.event("baseline_ended", steady=found.steady, reason=found.reason)
        return found.steady

    def _timeline(self) -> None:
        """Inject, prove and revert in the order of their times. Holds count from the effect, the rest from the baseline's end."""
        base = self.lab.history.now_ns()
        while True:
            waiting = [running for running in self.running if not running.injected]
            held = [
                running
                for running in self.running
                if running.injected and running.step.fault.held and running.reverted_ns is None
            ]
            if not waiting and not held:
                return
            inject_due = min((base + int(running.step.at_seconds * NS_PER_SECOND) for running in waiting), default=None)
            revert_due = min((running.revert_due_ns for running in held), default=None)
            if inject_due is not None and (revert_due is None or inject_due <= revert_due):
                running = min(waiting, key=lambda running: running.step.at_seconds)
                base += self._inject(running, inject_due)
            else:
                due = min(held, key=lambda running: running.revert_due_ns)
                self._hold_and_revert(due)

    def _inject(self, running: Running, due_ns: int) -> int:
        """Journal the undo, then inject. Returns the ns that picking targets or a trigger made the timeline wait."""
        history = self.lab.history
        self._pause_until(due_ns)
        self.say("inject", running.step.hold_seconds, running.step.fault.describe())
        waited_seconds = running.pick()
        running.undos = running.fault.undos()
        self.stack.push(running.undos)
        effect = running.fault.inject()
        running.injected = True
        running.effect_ns = effect.at_ns
        waited_seconds += effect.waited_seconds
        history.event(
            "injected",
            effect.at_ns,
            error_ns=effect.error_ns,
            fault=running.step.fault_id,
            type=running.step.fault.type,
            what=effect.injected,
            held=running.step.fault.held,
            waited_seconds=waited_seconds,
        )
        self.waited_seconds += waited_seconds
        if not running.step.fault.held:
            self._prove(running)
        return int(waited_seconds * NS_PER_SECOND)

    def _hold_and_revert(self, running: Running) -> None:
        lead = int(BOOST_LEAD_SECONDS * NS_PER_SECOND)
        calm_from = running.effect_ns + int(BOOST_TAIL_SECONDS * NS_PER_SECOND)
        self.say("hold", running.step.hold_seconds, running.step.fault.describe())
        if calm_from < running.revert_due_ns - lead:
            self._pause_until(calm_from)
            self.lab.observer.boost(None)
            self._pause_until(running.revert_due_ns - lead)
            self.lab.observer.boost(BOOST_HZ)
        self._pause_until(running.revert_due_ns - int(PROOF_LEAD_SECONDS * NS_PER_SECOND))
        self._prove(running)
        self._pause_until(running.revert_due_ns)
        self._revert(running)

    def _prove(self, running: Running) -> None:
        running.proved = True
        self.lab.history.event("proof", **asdict(running.fault.prove()))

    def _revert(self, running: Running) -> None:
        results = self.stack.carry_out(running.undos)
        for result in results:
            self.lab.history.event(
                "reverted",
                result.at_ns,
                error_ns=result.error_ns,
                fault=running.step.fault_id,
                what=str(result.undo),
                clean=result.clean,
                note=result.note,
            )
        running.reverted_ns = max((result.at_ns for result in results), default=self.lab.history.now_ns())

    def _recovery(self) -> None:
        """Watch until every probe is good for the stability window, or the deadline passes."""
        history, planned = self.lab.history, self.planned
        since = max(running.recovery_from_ns for running in self.running)
        stable_ns = int(planned.stable_seconds * NS_PER_SECOND)
        self.say("recovery", planned.stable_seconds, f"until stable for {planned.stable_seconds:g} s")

        probes = self._decisive()

        def shown() -> int | None:
            self.load.check()
            return recovered_at(history.all_series(), probes, since, stable_ns)

        try:
            recovered = history.wait(shown, planned.recovery_deadline_seconds + planned.stable_seconds, "recovery")
            history.event("settled")
            self.recovery_seconds = max(0, recovered - since) / NS_PER_SECOND
        except WaitTimeout:
            history.event("deadline_passed")
            self.recovered = False
            self.recovery_seconds = planned.recovery_deadline_seconds
        self.lab.observer.boost(None)

    def _put_right(self) -> None:
        """Undo what is left (interrupted or failed), show that the effects are gone, let go of the helpers."""
        history = self.lab.history
        for running in reversed(self.running):
            if running.undos and running.reverted_ns is None:
                self._revert(running)
        history.event("observing_ended")
        self.waited_seconds += self.load.stop()
        for running in self.running:
            try:
                if running.injected and not history.stop.reason:
                    history.event("proof_clean", **asdict(running.fault.prove_clean()))
            except (ChaoslabError, WaitTimeout) as error:
                history.event("note", text=f"{running.step.fault_id}: its absence could not be shown: {error}")
            finally:
                running.fault.close()
        try:
            self.lab.observer.boost(None)
            self._gather(self._count_restarts("after"))
            self.waited_seconds += leave_clean(self.lab, self.planned.targets, self.say, recovered=self.recovered)
        except (ChaoslabError, WaitTimeout) as error:
            history.event("note", text=f"the state after the scenario could not be checked: {error}")

    def _gather(self, replicas: Sequence[Replica]) -> None:
        """Gather logs, metrics and what the system holds, while nothing was recreated yet."""
        effects = [running.effect_ns for running in self.running if running.injected]
        if not effects or self.lab.history.stop.reason:
            return
        late = max(running.reverted_ns or running.effect_ns + NS_PER_SECOND for running in self.running)
        phases = {"before": min(effects), "during": late, "after": self.lab.history.now_ns()}
        gather(self.lab, Ended(self.planned, self.started_ns, phases, replicas))

    def _decisive(self) -> tuple[Probe, ...]:
        scenario = self.planned.scenario
        return decisive(self.lab.spec.asked(load=scenario.load is not None).values(), scenario)

    def _not_injected(self, status: str, error: ChaoslabError) -> None:
        waiting = [running.step for running in self.running if not running.injected] or self.planned.steps
        fault = waiting[0].fault_id
        self.lab.history.event("not_injected", fault=fault, status=status, reason=error.message)

    def _pause_until(self, at_ns: int) -> None:
        """Wait, looking at the stop flag and the scenario's stop conditions."""
        history = self.lab.history
        while (left := (at_ns - history.now_ns()) / NS_PER_SECOND) > 0:
            history.pause(min(left, LOOK_SECONDS))
            self.load.check()
            for condition in self.planned.scenario.abort_when:
                observed = breached(condition, history.all_series(), self.lab.spec, history.now_ns())
                if observed is not None:
                    history.event("aborted", measure=condition.measure, of=condition.of, observed=observed)
                    raise Aborted(f"stop condition reached: {condition.measure} of {condition.of} is {observed:.3g}")

    def _count_restarts(self, phase: str) -> tuple[Replica, ...]:
        replicas = self.lab.engine.replicas(self.lab.spec.project)
        self.lab.history.event(
            "replicas", phase=phase, restarts={str(replica): replica.restart_count for replica in replicas}
        )
        return replicas

    def _declared_seconds(self) -> float:
        """The windows that the plan declares, as far as the scenario got."""
        if not any(running.injected for running in self.running):
            return self.planned.baseline_seconds
        return self.planned.baseline_seconds + self.planned.hold_seconds + self.planned.stable_seconds
