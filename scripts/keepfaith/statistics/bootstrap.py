"""Bootstrap over examples: one set of resamples for all levels and metrics, so that every comparison is paired.

Clusters, not examples, are drawn where examples share a text (Davison and Hinkley 1997, section 3.8). Intervals of
means are BCa (Efron 1987): the percentile interval misses the mean of skewed values too often on one side.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from keepfaith.calibration.probabilities import Floats, Indices
from keepfaith.statistics.clusters import cluster_sums


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


def weighted_rank(values: Floats, weights: Floats, ranks: Floats) -> Floats:
    """[R], the value at each of `ranks` [R], from 1, among `values` [n] that occur `weights` [R, n] times.

    Infinite beyond the largest value.

    Examples:
        >>> weighted_rank(np.array([3.0, 1.0, 2.0]), np.array([[1.0, 2, 1], [4, 0, 0]]), np.array([3.0, 5]))
        array([ 2., inf])
    """
    order = np.argsort(values, kind="stable")
    reached = weights[:, order].cumsum(axis=1)  # [R, n]
    position = (reached < ranks[:, None]).sum(axis=1)
    found: Floats = np.append(values[order], np.inf)[position]
    return found


def percentile(replicates: Floats, confidence: float) -> Interval | None:
    """Central interval of the replicates [R], ignoring undefined ones (NaN). None if all are undefined.

    Examples:
        >>> low, high = percentile(np.arange(101.0), confidence=0.9)
        >>> round(low, 6), round(high, 6)
        (5.0, 95.0)
    """
    if (ends := percentiles(replicates, [confidence])) is None:
        return None
    (low,), (high,) = ends
    return Interval(float(low), float(high))


def percentiles(replicates: Floats, confidences: Sequence[float]) -> tuple[Floats, Floats] | None:
    """Lower and upper ends [C] of `percentile` at C confidences."""
    defined = replicates[np.isfinite(replicates)]
    if not len(defined):
        return None
    tails = (1 - np.asarray(confidences)) / 2
    low, high = np.quantile(defined, [tails, 1 - tails])
    return low, high


def bca(
    replicates: Floats,
    observed: Floats,
    left_out: Floats,
    confidences: Sequence[float],
) -> tuple[Floats, Floats]:
    """Lower and upper ends [C, k] of the BCa intervals of k statistics (Efron 1987), at C confidences.

    Bias correction: share of the replicates below the observed value, equal ones counted half. Acceleration: jackknife.
    Where either is undefined (constant values; all replicates on one side), the ends are those of the percentile
    interval.

    Args:
        replicates: [R, k].
        observed: [k], of the sample itself.
        left_out: [c, k], without one independent unit at a time (`leave_one_out`).
        confidences: of the intervals.

    Examples:
        >>> values = np.array([[0.0], [0.1], [0.1], [0.2], [0.9]])
        >>> means = weighted_means(values, resamples(np.arange(5), 2000, seed=0))
        >>> without = leave_one_out(values, np.arange(5))
        >>> low, high = bca(means, values.mean(axis=0), without, [0.9])
        >>> bool(high[0, 0] > np.quantile(means, 0.95))  # one large value: the upper end is further away
        True
    """
    # Means that differ only by the order of addition are equal.
    slack = 1e-12 * np.abs(replicates).max(axis=0)
    below = (replicates < observed - slack).mean(axis=0)
    above = (replicates > observed + slack).mean(axis=0)
    influence = left_out.mean(axis=0) - left_out
    squares = (influence**2).sum(axis=0)
    tails = np.array([(1 - confidence) / 2 for confidence in confidences])
    shares = []
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = ndtri((1 + below - above) / 2)
        acceleration = (influence**3).sum(axis=0) / (6 * squares**1.5)
        # Influences of rounding alone have no skewness.
        defined = np.isfinite(bias) & (np.sqrt(squares) > slack)
        for share in (tails, 1 - tails):
            shifted = bias + ndtri(share)[:, None]  # [C, k]
            scaled = 1 - acceleration * shifted
            defined = defined & (scaled > 0)  # [C, k]
            shares.append((share, ndtr(bias + shifted / scaled)))
    ordered = np.sort(replicates, axis=0)
    low, high = (
        _quantiles(ordered, np.where(defined, corrected, plain[:, None]))
        for plain, corrected in shares
    )
    return low, high


def expanded(confidence: float, units: int) -> float:
    """The confidence at which a bootstrap interval of a mean of `units` units has the coverage of `confidence`.

    Resamples vary less than samples by the root of (units - 1) / units, and do not show how uncertain their own spread
    is: quantiles of t take the place of the normal ones (Hesterberg 2015, "expanded percentile interval").

    Examples:
        >>> round(expanded(0.95, 16), 4), round(expanded(0.95, 200), 4)
        (0.9723, 0.9519)
    """
    if units < 2:
        return confidence
    quantile = stdtrit(units - 1.0, (1 + confidence) / 2) * np.sqrt(units / (units - 1))
    return float(2 * ndtr(quantile) - 1)


def unskewed_t(
    centre: Floats, left_out: Floats, confidences: Sequence[float]
) -> tuple[Floats, Floats]:
    """Lower and upper ends [C, k] of t intervals of k means after Hall's removal of skewness (Hall 1992).

    The cubic T + S T^2 / 3 + S^2 T^3 / 27 + S / 6 of the t statistic, S the skewness of the units over the root of
    their number, has no skewness to second order, and is monotone. Unlike those of a bootstrap its tails do not depend
    on the number of draws. Without variance the ends are the mean.

    Args:
        centre: [k], the means.
        left_out: [c, k], without one independent unit at a time (`leave_one_out`).
        confidences: of the intervals.

    Examples:
        >>> values = np.arange(10.0)[:, None]  # symmetric: Student's interval
        >>> low, high = unskewed_t(values.mean(axis=0), leave_one_out(values, np.arange(10)), [0.95])
        >>> round(float(low[0, 0]), 4), round(float(high[0, 0]), 4)
        (2.3341, 6.6659)
    """
    units = len(left_out)
    influence = left_out.mean(axis=0) - left_out
    squares = (influence**2).sum(axis=0)
    error = np.sqrt(squares * (units - 1) / units)  # jackknife
    skewed = squares > 0
    ratio = np.divide(
        (influence**3).sum(axis=0), squares**1.5, out=np.zeros_like(squares), where=skewed
    )
    quantiles = stdtrit(units - 1.0, (1 + np.array(confidences)) / 2)[:, None]  # [C, 1]

    def statistic(quantile: Floats) -> Floats:
        """[C, k], the T whose transform is `quantile`."""
        cube_root = np.cbrt(1 + ratio * (quantile - ratio / 6))
        found: Floats = np.where(
            np.abs(ratio) > 1e-9, 3 * (cube_root - 1) / np.where(ratio == 0, 1.0, ratio), quantile
        )
        return found

    return centre - error * statistic(quantiles), centre - error * statistic(-quantiles)


def _quantiles(ordered: Floats, shares: Floats) -> Floats:
    """Quantiles [C, k] of each ascending column of `ordered` [R, k], interpolated linearly as by `np.quantile`."""
    position = shares * (len(ordered) - 1)
    before = np.floor(position).astype(np.int64)
    after = np.minimum(before + 1, len(ordered) - 1)
    low = np.take_along_axis(ordered, before, axis=0)
    found: Floats = low + (position - before) * (np.take_along_axis(ordered, after, axis=0) - low)
    return found


def leave_one_out(values: Floats, clusters: Indices) -> Floats:
    """Means [c, k] of `values` [n, k] without the examples of one cluster at a time; NaN with a single cluster."""
    sums, sizes = cluster_sums(values, clusters), np.bincount(clusters)[:, None]
    with np.errstate(invalid="ignore"):
        found: Floats = (values.sum(axis=0) - sums) / (len(values) - sizes)
    return found


def two_sided(replicates: Floats) -> float | None:
    """p-value of "no change" from replicates [R] of a change: twice the smaller share on either side of 0.

    One is added to both counts, so that a p-value is never 0 (Davison and Hinkley 1997).
    """
    defined = replicates[np.isfinite(replicates)]
    if not len(defined):
        return None
    below, above = (defined <= 0).sum() + 1, (defined >= 0).sum() + 1
    return float(min(1.0, 2 * min(below, above) / (len(defined) + 1)))
