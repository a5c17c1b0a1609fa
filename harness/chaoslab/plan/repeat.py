"""A plan cut down to its shortest scenarios, and one whose scenarios are repeated."""

from collections.abc import Sequence
from dataclasses import replace

from chaoslab.model.plan import PlannedScenario


def shortest(scenarios: Sequence[PlannedScenario], number: int | None) -> tuple[PlannedScenario, ...]:
    """Keep the `number` scenarios with the shortest declared windows (None: all), in their order; of equals the earlier."""
    ordered = sorted(range(len(scenarios)), key=lambda index: (scenarios[index].declared_seconds, index))
    kept = set(ordered[:number])
    return tuple(planned for index, planned in enumerate(scenarios) if index in kept)


def repeated(scenarios: Sequence[PlannedScenario], times: int) -> tuple[PlannedScenario, ...]:
    """Repeat every scenario, in rounds: so its repeats are apart in time, and what drifts does not look like steadiness.

    Scenarios with the same overlays come together, those without first: each change of overlays recreates containers.
    """
    overlays = sorted(dict.fromkeys(planned.overlays for planned in scenarios), key=bool)
    return tuple(
        replace(planned, repeat=number)
        for files in overlays
        for number in (range(1, times + 1) if times > 1 else (0,))
        for planned in scenarios
        if planned.overlays == files
    )
