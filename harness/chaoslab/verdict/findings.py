"""What a recorded scenario amounts to: phases, each probe's outages, and whether and when the lab recovered."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chaoslab.model.history import Sample
from chaoslab.model.lab import LabSpec, Probe
from chaoslab.model.plan import PlannedScenario
from chaoslab.model.result import RecoveryName
from chaoslab.verdict.baseline import Window
from chaoslab.verdict.intervals import NS_PER_SECOND, Span, clip, first_clear_ns, total_ns, union
from chaoslab.verdict.outages import Strike, counted_ns, known_until_ns, longest_gap_ns, probe_outages
from chaoslab.verdict.record import Recorded
from chaoslab.verdict.recovery import decisive


@dataclass(frozen=True)
class Stream:
    """All that one probe saw in a scenario. `down`: its outages over its replicas, also those before t0."""

    probe: Probe
    strike: Strike
    end_ns: int
    samples: tuple[Sample, ...]
    """Ordered by the instant at which they count."""
    down: tuple[Span, ...]

    @cached_property
    def instants(self) -> list[int]:
        """The instants at which the samples count, ascending."""
        return [counted_ns(sample, self.strike) for sample in self.samples]

    @cached_property
    def known_until_ns(self) -> int:
        """The last instant at which it was seen up."""
        return known_until_ns(self.samples, each=self.probe.each)

    @property
    def outages(self) -> list[Span]:
        """Its outages from t0 to the end of observing; the last one is open when its end was not seen."""
        return [span for span in self.down if span.end_ns > self.strike.at_ns and span.start_ns < self.end_ns]

    @property
    def unseen_ns(self) -> int | None:
        """How long an outage since t0 may have gone unseen; None without a good sample since."""
        return longest_gap_ns(self.samples, each=self.probe.each, since_ns=self.strike.at_ns)

    def within(self, window: Window) -> Sequence[Sample]:
        """List the samples that count inside a window."""
        return self.samples[bisect_left(self.instants, window.start_ns) : bisect_left(self.instants, window.end_ns)]

    def availability(self, window: Window) -> float | None:
        """Measure the share of a window during which it was up, 0..1; None without samples in it."""
        if window.end_ns <= window.start_ns or not self.within(window):
            return None
        down_ns = total_ns(clip(self.down, *window))
        return 1 - down_ns / (window.end_ns - window.start_ns)

    def first_bad(self) -> Sample | None:
        """Find the bad sample that was first to finish since t0, when there was an outage."""
        if not self.outages:
            return None
        bad = (sample for sample in self.within(Window(self.strike.at_ns, self.end_ns + 1)) if not sample.good)
        return min(bad, key=lambda sample: sample.finished_ns, default=None)


@dataclass(frozen=True)
class Findings:
    """The facts that measures are taken from. Instants are lab time."""

    planned: PlannedScenario
    spec: LabSpec
    recorded: Recorded
    streams: Mapping[str, Stream]

    @property
    def strike(self) -> Strike:
        """The first effect, t0."""
        return self.recorded.strike

    @property
    def reference(self) -> Strike:
        """The instant that recovery counts from."""
        return self.recorded.reference

    @property
    def end_ns(self) -> int:
        """When observing ended."""
        return self.recorded.observing_ended_ns

    def recovered_ns(self, streams: Iterable[Stream]) -> int | None:
        """Find the first instant from the reference on since when all of these are up; None when past the deadline."""
        watched = list(streams)
        if not watched or not self.recorded.all_reverted:
            return None
        stable_ns = round(self.planned.stable_seconds * NS_PER_SECOND)
        until = min(stream.known_until_ns for stream in watched)
        down = [span for stream in watched for span in stream.down]
        instant = first_clear_ns(down, self.reference.at_ns, stable_ns, until)
        deadline_ns = self.reference.at_ns + round(self.planned.recovery_deadline_seconds * NS_PER_SECOND)
        return instant if instant is not None and instant <= deadline_ns else None

    @cached_property
    def counted(self) -> Mapping[str, Stream]:
        """The streams that say whether the lab is up."""
        asked = self.spec.asked(load=self.planned.scenario.load is not None)
        names = {probe.name for probe in decisive(asked.values(), self.planned.scenario)}
        return {name: stream for name, stream in self.streams.items() if name in names}

    @cached_property
    def lab_recovered_ns(self) -> int | None:
        """The worst probe's: every one of them stayed up from here on."""
        return self.recovered_ns(self.counted.values())

    def recovery(self, streams: Iterable[Stream]) -> RecoveryName:
        """Name what happened to these probes: rode_out without an outage since t0, unknown if not watched enough."""
        watched = list(streams)
        if self.recovered_ns(watched) is not None:
            return "recovered" if any(stream.outages for stream in watched) else "rode_out"
        waited_ns = self.end_ns - self.reference.at_ns
        overdue = waited_ns >= self.planned.recovery_deadline_seconds * NS_PER_SECOND
        begun = watched and self.recorded.all_reverted
        return "not_recovered" if begun and (overdue or self.recorded.last("deadline_passed")) else "unknown"

    def time_to_recover(self, streams: Iterable[Stream]) -> tuple[int, int] | None:
        """Nanoseconds from the reference to the recovered instant, and their error; None unless these recovered."""
        watched = list(streams)
        instant = self.recovered_ns(watched)
        if instant is None or self.recovery(watched) != "recovered":
            return None
        edges = [span.end_error_ns for span in union(s for w in watched for s in w.down) if span.end_ns == instant]
        return instant - self.reference.at_ns, max(edges, default=0) + self.reference.error_ns

    @cached_property
    def phases(self) -> dict[str, Window]:
        """The windows before, during and after. After a one-shot fault, during and after share the stable time."""
        baseline, steady = self.recorded.last("baseline_started"), self.recorded.last("baseline_ended")
        start = baseline.at_ns if baseline else self.strike.at_ns
        found = {"before": Window(start, steady.at_ns if steady else self.strike.at_ns)}
        if self.recorded.injections:
            recovered = self.lab_recovered_ns
            found["during"] = Window(self.strike.at_ns, self._during_end(recovered))
            found["after"] = Window(max(self.reference.at_ns, recovered or 0), self.end_ns)
        return found

    def _during_end(self, recovered: int | None) -> int:
        held = {injection.fault for injection in self.recorded.injections if injection.held}
        reverts = [revert.at_ns for revert in self.recorded.reverts if revert.fault in held]
        one_shots = [injection.at_ns for injection in self.recorded.injections if not injection.held]
        if reverts and max(reverts) >= max(one_shots, default=0):
            return max(reverts)
        if recovered is None or (held and not reverts):
            return self.end_ns
        return min(self.end_ns, recovered + round(self.planned.stable_seconds * NS_PER_SECOND))


def find(planned: PlannedScenario, spec: LabSpec, recorded: Recorded) -> Findings:
    """Work out the stream of every declared probe, and of the load; those without any sample are left out."""
    strike = recorded.strike
    streams = {}
    for name, probe in spec.asked(load=planned.scenario.load is not None).items():
        samples = recorded.samples.get(name)
        if samples:
            ordered = tuple(sorted(samples, key=lambda sample: counted_ns(sample, strike)))
            down = tuple(probe_outages(samples, each=probe.each, strike=strike))
            streams[name] = Stream(probe, strike, recorded.observing_ended_ns, ordered, down)
    return Findings(planned, spec, recorded, streams)
