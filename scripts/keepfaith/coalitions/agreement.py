"""How alike two explanations are, and how many draws a sampled one needs to agree with itself."""

import numpy as np
from scipy.stats import rankdata

from keepfaith.coalitions.subsets import FloatArray
from keepfaith.faithfulness.ranking import membership


def rank_correlation(one: FloatArray, other: FloatArray) -> FloatArray:
    """Spearman's correlation of scores, [...] from [..., n] each; ties have their mean rank.

    NaN where all scores of one of the two are equal: such scores rank nothing.

    Examples:
        >>> rank_correlation(np.array([3.0, 1.0, 2.0]), np.array([0.9, 0.2, 0.1])).item()
        0.5
    """
    first, second = (rankdata(scores, axis=-1) for scores in (one, other))
    first = first - first.mean(axis=-1, keepdims=True)
    second = second - second.mean(axis=-1, keepdims=True)
    scale = np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))
    product = (first * second).sum(axis=-1)
    return np.where(scale > 0, product / np.where(scale > 0, scale, 1.0), np.nan)


def top_overlap(one: FloatArray, other: FloatArray, top: int) -> FloatArray:
    """Share of the `top` highest scores that two rankings have in common, [...] from [..., n] each.

    Ties count by expectation over random tie-breaking. Two independent rankings share top / n.

    Examples:
        >>> top_overlap(np.array([3.0, 1.0, 2.0]), np.array([0.9, 0.2, 0.1]), 2).item()
        0.5
    """
    shared = (membership(one, top) * membership(other, top)).sum(axis=-1)
    found: FloatArray = shared / min(top, one.shape[-1])
    return found


def draws_for_agreement(correlation: float, target: float = 0.9) -> float:
    """How many times as many draws an explanation needs for two runs of it to correlate by `target`.

    Spearman 1910, Brown 1910: the mean of f runs that correlate by r correlates with another such mean by
    f r / (1 + (f - 1) r). Infinite where the runs do not agree at all.

    Examples:
        >>> round(draws_for_agreement(0.5), 6)
        9.0
    """
    if correlation <= 0:
        return float("inf")
    return target * (1 - correlation) / (correlation * (1 - target))
