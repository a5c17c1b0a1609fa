"""Did a toxic do what was declared? Pure: computed from the canaries before and during it, on its link and on a control link."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from chaoslab.faults import binomial
from chaoslab.faults.crossing import Crossing, Normal, normal
from chaoslab.faults.fault import Finding

FEWEST = 5
"""Fewer canaries than this, before or during, show nothing."""
LEAST_MS = 3.0
"""A delay below this is not told apart from scheduling noise."""
STEADY_SHARE = 0.9
"""This share of the canaries must behave as declared where every connection is to be affected (toxicity 1)."""
REACH_MS = 150.0
"""A single canary may be that much later than the range for the median."""
CONTROL_SHARE = 0.2
"""More than this share (or half of the toxicity) of affected control canaries: the disturbance is not the link's alone."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A toxic as it was asked for."""

    toxic: str
    stream: str
    toxicity: float
    attributes: Mapping[str, int]

    @property
    def stalls(self) -> bool:
        """Whether it lets nothing pass at all."""
        return self.toxic == "timeout" or (self.toxic == "bandwidth" and self.attributes["rate"] == 0)


@dataclass(frozen=True, slots=True)
class Gauge:
    """How to read one canary: a number (None: it did not get that far) and the range it has to be in when affected."""

    unit: str
    low: float
    high: float
    read: Callable[[Crossing], float | None]
    cannot: str = ""
    wide: tuple[float, float] | None = None
    """The range for a single canary where it is wider than that of the median: a busy machine delays some."""

    def affected(self, one: Crossing) -> bool:
        """Whether a canary shows the declared effect."""
        value = self.read(one)
        low, high = self.wide or (self.low, self.high)
        return value is not None and low <= value <= high


def judge(
    declared: Declared,
    before: Sequence[Crossing],
    during: Sequence[Crossing],
    control: tuple[Sequence[Crossing], Sequence[Crossing]] | None,
) -> Finding:
    """Compare what the canaries measured with what was declared. `control`: before and during on a link without a fault."""
    usual = normal(before)
    gauge = _gauge(declared, usual)
    expected = (
        f"{gauge.low:g}..{gauge.high:g} {gauge.unit}" if gauge.high > gauge.low else f"{gauge.low:g} {gauge.unit}"
    )
    if usual.answered < FEWEST:
        return Finding(
            None,
            expected,
            gauge.unit,
            proven=False,
            detail=f"only {usual.answered} of {usual.n} canaries crossed before the fault",
        )
    if len(during) < FEWEST:
        return Finding(
            None, expected, gauge.unit, proven=False, detail=f"only {len(during)} canaries ended during the fault"
        )
    hits = sum(gauge.affected(one) for one in during)
    finding = (
        _whole(gauge, during, hits, expected)
        if declared.toxicity >= 1 or gauge.cannot
        else _share(declared, during, hits, expected)
    )
    if gauge.cannot:
        return finding.refused(gauge.cannot)
    return _with_control(finding, declared, control)


def _whole(gauge: Gauge, during: Sequence[Crossing], hits: int, expected: str) -> Finding:
    values = [value for one in during if (value := gauge.read(one)) is not None]
    measured = median(values) if values else None
    within = measured is not None and gauge.low <= measured <= gauge.high
    detail = f"{hits} of {len(during)} canaries affected"
    return Finding(measured, expected, gauge.unit, proven=within and hits >= STEADY_SHARE * len(during), detail=detail)


def _share(declared: Declared, during: Sequence[Crossing], hits: int, expected: str) -> Finding:
    low, high = binomial.interval(round(declared.toxicity * len(during)), len(during))
    wanted = f"{100 * low:.0f}..{100 * high:.0f} % of connections ({expected})"
    measured = 100 * hits / len(during)
    proven = hits > 0 and binomial.fits(hits, len(during), declared.toxicity)
    return Finding(
        measured,
        wanted,
        "% of connections",
        proven=proven,
        detail=f"{hits} of {len(during)} canaries affected, toxicity {declared.toxicity:g}",
    )


def _with_control(
    finding: Finding, declared: Declared, control: tuple[Sequence[Crossing], Sequence[Crossing]] | None
) -> Finding:
    """Hold the control link against the same gauge: were it affected too, the toxic would not be the cause."""
    if control is None:
        return finding.noted("no other link to compare with")
    usual, during = normal(control[0]), control[1]
    if usual.answered < FEWEST or len(during) < FEWEST:
        return finding.noted(f"too few canaries on the control link ({usual.answered} before, {len(during)} during)")
    gauge = _gauge(declared, usual)
    if gauge.cannot:
        return finding.noted("the control link's answers are too short to compare")
    hits = sum(gauge.affected(one) for one in during)
    note = f"control link: {hits} of {len(during)} affected"
    most = max(CONTROL_SHARE, declared.toxicity / 2) * len(during)
    return finding.refused(note) if hits > most else finding.noted(note)


def _gauge(declared: Declared, usual: Normal) -> Gauge:
    if declared.stalls:
        return _unanswered()
    return GAUGES[declared.toxic](declared, usual)


def _unanswered() -> Gauge:
    return Gauge("% unanswered", 100, 100, lambda one: 0.0 if one.answered else 100.0)


def _delay(
    declared_ms: float, bounds: tuple[float, float], unit: str, read: Callable[[Crossing], float | None]
) -> Gauge:
    """Gauge an added time; too small a one cannot be told from noise."""
    cannot = "" if declared_ms >= 2 * LEAST_MS else f"an effect of {declared_ms:g} ms cannot be told from noise"
    low, high = (round(max(bound, LEAST_MS), 1) for bound in bounds)
    return Gauge(unit, low, high, read, cannot, (low, high + REACH_MS))


def _less(value: float | None, usual: float) -> float | None:
    return None if value is None else value - usual


def _latency(declared: Declared, usual: Normal) -> Gauge:
    latency, jitter = declared.attributes["latency"], declared.attributes["jitter"]
    bounds = (latency - jitter - usual.first_ms - 2, latency + jitter + _slack(latency))
    return _delay(latency, bounds, "ms added", lambda one: _less(one.first_ms, usual.first_ms))


def _slack(declared_ms: float) -> float:
    """What a delay may exceed the declared one by."""
    return max(25.0, 0.2 * declared_ms)


def _bandwidth(declared: Declared, usual: Normal) -> Gauge:
    """Throughput while the canary's bytes crossed: bytes per ms, which is KB/s (Toxiproxy counts 1000 bytes).

    Time counts from when the first answer usually is there: until then nothing was under way.
    """
    rate, down = declared.attributes["rate"], declared.stream == "downstream"
    size = usual.received if down else usual.sent
    alone_ms = size / rate

    def read(one: Crossing) -> float | None:
        took = _less(one.answer_ms if down else one.first_ms, usual.first_ms)
        return None if took is None else (one.received if down else one.sent) / max(took, 0.1)

    own = usual.received / max(usual.answer_ms - usual.first_ms, 0.1)
    cannot = (
        "" if alone_ms >= 4 * LEAST_MS else f"a canary of {size:.0f} bytes takes only {alone_ms:.1f} ms at {rate} KB/s"
    )
    if down and own < 2 * rate:
        cannot = cannot or f"the server itself gives no more than {own:.0f} KB/s on one connection"
    low, high = size / (1.5 * alone_ms + 15), size / max(0.75 * alone_ms - LEAST_MS, 0.5)
    wide = (size / (1.5 * alone_ms + REACH_MS), high)
    return Gauge("KB/s", round(low, 2), round(high, 2), read, cannot, wide)


def _slow_close(declared: Declared, usual: Normal) -> Gauge:
    delay = declared.attributes["delay"]

    def read(one: Crossing) -> float | None:
        if one.close_ms is None or one.answer_ms is None:
            return None
        return (one.close_ms - one.answer_ms) - (usual.close_ms - usual.answer_ms)

    gauge = _delay(delay, (delay - usual.answer_ms - 2, delay + _slack(delay)), "ms until the FIN", read)
    if declared.stream == "upstream":
        return Gauge(
            gauge.unit,
            gauge.low,
            gauge.high,
            read,
            "a late FIN towards the server cannot be seen from the client's side",
        )
    return gauge


def _reset_peer(declared: Declared, usual: Normal) -> Gauge:
    del declared, usual
    return Gauge("% reset", 100, 100, lambda one: 100.0 if one.close == "reset" and not one.answered else 0.0)


def _slicer(declared: Declared, usual: Normal) -> Gauge:
    size, delay_ms = declared.attributes["average_size"], declared.attributes["delay"] / 1000
    largest = size + declared.attributes["size_variation"]
    down = declared.stream == "downstream"
    whole = usual.received if down else usual.sent
    cannot = "" if whole > 2 * largest else f"a canary of {whole:.0f} bytes is too short to be sliced"
    if delay_ms < LEAST_MS:
        cannot = cannot or ("" if down else "slices without a delay cannot be seen from the client's side upstream")
        return Gauge(
            "bytes per slice", 1, largest, lambda one: one.received / one.chunks if one.chunks else None, cannot
        )

    def read(one: Crossing) -> float | None:
        """Milliseconds between slices; the slicer halves a chunk until it fits, so there are up to twice size/average of them."""
        if down:
            gaps = one.chunks - 1
            return (
                None
                if one.answer_ms is None or one.first_ms is None or gaps < 1
                else (one.answer_ms - one.first_ms) / gaps
            )
        added = _less(one.first_ms, usual.first_ms)
        return None if added is None else added / max(1.0, one.sent / size - 1)

    return Gauge(
        "ms between slices",
        round(0.5 * delay_ms, 2),
        round((1.5 if down else 2.5) * delay_ms + LEAST_MS, 2),
        read,
        cannot,
    )


def _limit_data(declared: Declared, usual: Normal) -> Gauge:
    limit = declared.attributes["bytes"]
    if declared.stream == "upstream":
        gauge = _unanswered()
        short = usual.sent <= limit
    else:
        gauge = Gauge(
            "bytes at close",
            limit,
            limit,
            lambda one: float(one.received) if one.close in ("closed", "reset") else None,
        )
        short = usual.received <= limit
    return (
        Gauge(gauge.unit, gauge.low, gauge.high, gauge.read, f"a canary is not longer than the limit of {limit} bytes")
        if short
        else gauge
    )


GAUGES: Mapping[str, Callable[[Declared, Normal], Gauge]] = {
    "latency": _latency,
    "bandwidth": _bandwidth,
    "slow_close": _slow_close,
    "reset_peer": _reset_peer,
    "slicer": _slicer,
    "limit_data": _limit_data,
}
