"""Intervals for shares: how far a counted share may lie from the declared one by chance alone."""

import math

SIGMAS = 4.0
"""Four standard deviations: an honest fault is called unproven once in 16,000 times."""


def interval(hits: int, trials: int, sigmas: float = SIGMAS) -> tuple[float, float]:
    """Return Wilson's score interval for a share (0..1); the whole range without trials.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if trials <= 0:
        return 0.0, 1.0
    share, square = hits / trials, sigmas * sigmas
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = sigmas / (1 + square / trials) * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)


def fits(hits: int, trials: int, share: float) -> bool:
    """Whether `hits` of `trials` are what a true share would give, chance allowed for."""
    low, high = interval(hits, trials)
    return trials > 0 and low - 1e-9 <= share <= high + 1e-9
