"""Intervals and the exact test for proportions, where a bootstrap interval is too narrow.

Without any error, or any example on which two levels differ, all resamples are equal and a bootstrap interval has no
width. Score intervals stay valid there.

A study asks for the same counts at many levels and confidences, so results are kept.
"""

from functools import lru_cache
from math import sqrt

from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import binomtest

from keepfaith.statistics.bootstrap import Interval

_KEPT = 1 << 16
"""Results of each function that are kept at most."""


@lru_cache(_KEPT)
def wilson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Score interval of a proportion (Wilson 1927), as in Newcombe 1998, method 3.

    Equal to SciPy's `binomtest(successes, trials).proportion_ci(confidence, "wilson")`, which first computes a p-value.

    Raises:
        ValueError: there is no trial, or no such number of successes.

    Examples:
        >>> low, high = wilson(successes=8, trials=10)
        >>> round(low, 3), round(high, 3)
        (0.49, 0.943)
    """
    if not 0 <= successes <= trials or not trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    share = successes / trials
    critical = float(ndtri(0.5 + 0.5 * confidence))
    whole = 2 * (trials + critical**2)
    centre = (2 * trials * share + critical**2) / whole
    half = critical / whole * sqrt(4 * trials * share * (1 - share) + critical**2)
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == trials else centre + half
    return Interval(low, high)


@lru_cache(_KEPT)
def mcnemar(gained: int, lost: int) -> float:
    """Two-sided exact p-value that as many examples turn right as turn wrong (McNemar 1947, exact form).

    Args:
        gained: examples wrong at the dense level and right at this one.
        lost: examples right at the dense level and wrong at this one.

    Examples:
        >>> round(mcnemar(gained=2, lost=9), 4)
        0.0654
    """
    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


@lru_cache(_KEPT)
def tango(gained: int, lost: int, trials: int, confidence: float = 0.95) -> Interval:
    """Score interval of a paired difference of proportions, (gained - lost) / trials (Tango 1998).

    With no discordant pair it is -z^2 / (n + z^2) .. z^2 / (n + z^2), the paired "rule of four".

    Examples:
        >>> low, high = tango(gained=2, lost=9, trials=100)
        >>> round(low, 3), round(high, 3)
        (-0.146, -0.006)
    """
    critical = float(ndtri((1 + confidence) / 2))
    estimate = (gained - lost) / trials

    def score(difference: float) -> float:
        return _score(gained, lost, trials, difference)

    edge = 1 - 1e-12
    low = -1.0 if estimate <= -1 else brentq(lambda d: score(d) - critical, -edge, estimate)
    high = 1.0 if estimate >= 1 else brentq(lambda d: score(d) + critical, estimate, edge)
    return Interval(float(low), float(high))


def _score(gained: int, lost: int, trials: int, difference: float) -> float:
    """Tango's standardised distance of the data from a true difference; decreasing in `difference`."""
    distance = gained - lost - trials * difference
    if distance == 0:
        return 0.0
    # The most likely probability of a lost pair for the given true difference.
    a = 2 * trials
    b = (2 * trials - gained + lost) * difference - gained - lost
    c = -lost * difference * (1 - difference)
    loss = (sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    variance = trials * (2 * loss + difference * (1 - difference))
    return distance / sqrt(max(variance, 1e-300))
