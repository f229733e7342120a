"""Scores of segments that follow exactly from the values of all coalitions: Shapley, Banzhaf, leave-one-out."""

from math import comb

import numpy as np

from keepfaith.coalitions.subsets import FloatArray, segments_of, subsets

SMALLEST_VARIANCE = 1e-12
"""Relative to the largest value squared; below it a value does not depend on the coalition."""


def contributions(values: FloatArray) -> FloatArray:
    """What every segment adds to every coalition without it, [..., n, 2^(n-1)] from [..., 2^n]."""
    without = subsets(segments_of(values)).without  # [n, 2^(n-1)]
    bits = 1 << np.arange(len(without))
    found: FloatArray = values[..., without | bits[:, None]] - values[..., without]
    return found


def shapley_values(values: FloatArray) -> FloatArray:
    """Shapley's value of every segment (Shapley 1953), [..., n] from [..., 2^n].

    phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! [v(S + i) - v(S)]. They add up to v(all) - v(none).

    Raises:
        ValueError: as `subsets.segments_of`.

    Examples:
        Two segments that are worth 1 and 2 alone and 5 together share the surplus of 2.

        >>> shapley_values(np.array([0.0, 1.0, 2.0, 5.0]))
        array([2., 3.])
    """
    known = subsets(segments_of(values))
    n = known.segments
    of_size = np.array([1 / (n * comb(n - 1, size)) for size in range(n)])
    weights = of_size[known.sizes[known.without]]  # [n, 2^(n-1)]
    found: FloatArray = (contributions(values) * weights).sum(axis=-1)
    return found


def banzhaf_values(values: FloatArray) -> FloatArray:
    """Banzhaf's value of every segment (Banzhaf 1965): the mean of what it adds to the coalitions without it.

    Args, Returns, Raises: as `shapley_values`.

    Examples:
        >>> banzhaf_values(np.array([0.0, 1.0, 2.0, 5.0]))
        array([2., 3.])
    """
    found: FloatArray = contributions(values).mean(axis=-1)
    return found


def leave_one_out_values(values: FloatArray) -> FloatArray:
    """What is lost without every segment alone, v(all) - v(all minus i), [..., n] from [..., 2^n].

    Raises:
        ValueError: as `subsets.segments_of`.

    Examples:
        >>> leave_one_out_values(np.array([0.0, 1.0, 2.0, 5.0]))
        array([3., 4.])
    """
    known = subsets(segments_of(values))
    bits = 1 << np.arange(known.segments)
    found: FloatArray = values[..., -1:] - values[..., known.full ^ bits]
    return found


def additive_share(values: FloatArray) -> FloatArray:
    """Share of the variance over all coalitions that a sum of one number per segment explains, [...] from [..., 2^n].

    1 says that segments do not interact. Of the Walsh decomposition of v, the part of first order has the variance
    sum_i (Banzhaf_i / 2)^2. NaN where the value does not depend on the coalition.

    Raises:
        ValueError: as `subsets.segments_of`.

    Examples:
        >>> additive_share(np.array([0.0, 1.0, 2.0, 3.0])).item()
        1.0
    """
    variance = values.var(axis=-1)
    additive = (banzhaf_values(values) ** 2).sum(axis=-1) / 4
    constant = variance <= SMALLEST_VARIANCE * (values**2).max(axis=-1)
    return np.where(constant, np.nan, additive / np.where(constant, 1.0, variance))
