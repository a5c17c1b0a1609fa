"""Stop conditions (`abort_when`), asked live: whether a measure was beyond its limit for long enough."""

from collections.abc import Mapping, Sequence

from chaoslab.model.history import Sample
from chaoslab.model.lab import LabSpec
from chaoslab.model.suite import StopCondition
from chaoslab.verdict.baseline import Window
from chaoslab.verdict.findings import Stream
from chaoslab.verdict.intervals import NS_PER_SECOND
from chaoslab.verdict.measures import distinct, error_rate, failed, latencies_ms, percentile
from chaoslab.verdict.outages import NO_STRIKE, counted_ns, probe_outages
from chaoslab.verdict.recovery import LOOK_BACK_NS, since

PERCENTS = {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0, "max_ms": 100.0}


def breached(
    condition: StopCondition, series_by_probe: Mapping[str, Sequence[Sample]], spec: LabSpec, now_ns: int
) -> float | None:
    """Measure a stop condition over the newest `for_seconds`; its value when it is beyond the limit, else None.

    None also while fewer than `for_seconds` have been observed, and for what cannot be measured.
    """
    series, probe = series_by_probe.get(condition.of, ()), spec.asked(load=True).get(condition.of)
    window = Window(now_ns - round(condition.for_seconds * NS_PER_SECOND), now_ns)
    if probe is None or not series or series[0].sent_ns > window.start_ns:
        return None
    timed = condition.measure == "availability"  # only there what came before the window tells of its beginning
    start_ns = window.start_ns - LOOK_BACK_NS if timed else window.start_ns
    samples = tuple(sorted(since(series, start_ns), key=counted_ns))
    down = tuple(probe_outages(samples, each=probe.each)) if timed else ()
    value = _measure(condition.measure, Stream(probe, NO_STRIKE, now_ns, samples, down), window)
    if value is None:
        return None
    below = condition.below is not None and value < condition.below
    above = condition.above is not None and value > condition.above
    return value if below or above else None


def _measure(name: str, stream: Stream, window: Window) -> float | None:
    samples = stream.within(window)
    if name == "availability":
        return stream.availability(window)
    if name == "errors":
        return float(sum(map(failed, samples)))
    if name == "error_rate":
        return error_rate(samples)
    if name == "samples":
        return float(len(samples))
    if name == "distinct":
        return float(distinct(samples)[0])
    return percentile(latencies_ms(samples), PERCENTS[name]) if name in PERCENTS else None
