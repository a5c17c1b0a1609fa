"""Repeats of a scenario put together: median, spread and interval of its time to recover, and whether its verdict held."""

import random
import statistics
from collections import Counter
from collections.abc import Sequence

from chaoslab.model.plan import REPEAT_MARK
from chaoslab.model.result import FoundRepeats, ScenarioResult
from chaoslab.verdict.merge import SEVERITY

RESAMPLES = 2000
CONFIDENCE = 0.95
LEAST_FOR_AN_INTERVAL = 3
"""Resampling fewer than three numbers says nothing about the others there could have been."""


def repeats(results: Sequence[ScenarioResult], seed: int) -> tuple[FoundRepeats, ...]:
    """Put together what was repeated, by scenario, in the order of the run; nothing in a run without repeats."""
    grouped: dict[str, list[ScenarioResult]] = {}
    for result in results:
        base, mark, _number = result.id.partition(REPEAT_MARK)
        if mark:
            grouped.setdefault(base, []).append(result)
    return tuple(_together(base, group, seed) for base, group in grouped.items())


def _together(base: str, results: Sequence[ScenarioResult], seed: int) -> FoundRepeats:
    counted = Counter(result.verdict for result in results)
    verdicts = {verdict: counted[verdict] for verdict in SEVERITY if counted[verdict]}
    times = [result.time_to_recover_ms for result in results if result.time_to_recover_ms is not None]
    return FoundRepeats(
        id=base,
        n=len(results),
        verdicts=verdicts,
        flaky=len(verdicts.keys() - {"NOT RUN"}) > 1,
        rode_out=sum(result.recovery == "rode_out" for result in results),
        recovered=len(times),
        median_ms=statistics.median(times) if times else None,
        min_ms=min(times, default=None),
        max_ms=max(times, default=None),
        spread_ms=spread(times),
        interval_ms=median_interval(times, f"{seed}:{base}"),
    )


def spread(values: Sequence[float]) -> float | None:
    """Return the distance between the quartiles (inclusive method); None for fewer than two values."""
    if len(values) < 2:
        return None
    lower, _median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return upper - lower


def median_interval(values: Sequence[float], seed: str) -> tuple[float, float] | None:
    """Return the 95% percentile bootstrap interval of the median (Efron 1979), the same for the same values and seed."""
    if len(values) < LEAST_FOR_AN_INTERVAL:
        return None
    draw = random.Random(seed)  # noqa: S311 - reproducible, no secret
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    tail = round(RESAMPLES * (1 - CONFIDENCE) / 2)
    return medians[tail], medians[-tail - 1]
