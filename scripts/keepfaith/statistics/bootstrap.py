"""Bootstrap over examples: one set of resamples for all levels and metrics, so that every comparison is paired.

Clusters, not examples, are drawn where examples share a text (Davison and Hinkley 1997, section 3.8).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from keepfaith.calibration.probabilities import Floats, Indices


class Interval(NamedTuple):
    """Lower and upper end."""

    low: float
    high: float


def resamples(clusters: Indices, repetitions: int, seed: int) -> Floats:
    """Number of times that each example occurs in each resample, [repetitions, n].

    Args:
        clusters: [n], cluster 0, 1, ... of each example; as many clusters are drawn as there are, with replacement.
        repetitions: number of resamples.
        seed: equal seeds give equal resamples.
    """
    return _resamples(tuple(clusters.tolist()), repetitions, seed)


@lru_cache(maxsize=2)
def _resamples(clusters: tuple[int, ...], repetitions: int, seed: int) -> Floats:
    count = max(clusters) + 1
    drawn = np.random.default_rng(seed).integers(0, count, size=(repetitions, count))
    drawn += np.arange(repetitions)[:, None] * count
    counts = np.bincount(drawn.ravel(), minlength=repetitions * count).reshape(repetitions, count)
    weights = counts[:, clusters].astype(np.float64)
    weights.setflags(write=False)  # shared between callers
    return weights


def weighted_means(values: Floats, weights: Floats) -> Floats:
    """Weighted means [R, k] of `values` [n, k] under `weights` [R, n]."""
    total: Floats = weights.sum(axis=1, keepdims=True)
    return weights @ values / total


def percentile(replicates: Floats, confidence: float) -> Interval | None:
    """Central interval of the replicates [R], ignoring undefined ones (NaN). None if all are undefined.

    Examples:
        >>> low, high = percentile(np.arange(101.0), confidence=0.9)
        >>> round(low, 6), round(high, 6)
        (5.0, 95.0)
    """
    defined = replicates[np.isfinite(replicates)]
    if not len(defined):
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(low), float(high))


def two_sided(replicates: Floats) -> float | None:
    """p-value of "no change" from replicates [R] of a change: twice the smaller share on either side of 0.

    One is added to both counts, so that a p-value is never 0 (Davison and Hinkley 1997).
    """
    defined = replicates[np.isfinite(replicates)]
    if not len(defined):
        return None
    below, above = (defined <= 0).sum() + 1, (defined >= 0).sum() + 1
    return float(min(1.0, 2 * min(below, above) / (len(defined) + 1)))
