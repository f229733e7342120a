"""Areas over perturbation curves of rankings of segments, their exact limits and chance; and faithfulness.

AOPC (Samek et al. 2017, arXiv:1509.06321) of a ranking of n segments: the mean over k = 1..n of what is lost when the
k segments ranked first are removed. Normalised between chance and the best order that exists, after Edin et al. 2025
(arXiv:2408.08137), whose normalised AOPC estimates by beam search the limits that are exact here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from keepfaith.coalitions.subsets import FloatArray, mean_by_size, segments_of, subsets

NOTHING_TO_EXPLAIN = 1e-6
"""Where the best order is better than chance by less than this share of the largest value, no ranking explains."""


@dataclass(frozen=True)
class Limits:
    """What rankings can reach under one value of coalitions; every attribute is [...] for values [..., 2^n].

    Attributes:
        best, worst: the largest and the smallest AOPC of all n! orders.
        chance: the mean AOPC of all n! orders.
        explainable: whether the best order is better than chance by more than rounding.
    """

    best: FloatArray
    worst: FloatArray
    chance: FloatArray
    explainable: np.ndarray


def removal_limits(values: FloatArray) -> Limits:
    """The limits of comprehensiveness: segments are removed, the one ranked first before the others.

    Dynamic programming over coalitions, 2^n n additions: with D(S) the largest sum of losses over all orders in which
    the set S was removed, D(none) = 0 and D(S) = [v(all) - v(all minus S)] + max over i in S of D(S minus i).

    Args:
        values: [..., 2^n].

    Raises:
        ValueError: as `subsets.segments_of`.
    """
    known = subsets(segments_of(values))
    loss = values[..., -1:] - values[..., ::-1]  # [..., 2^n]: of the set that was removed
    best, worst = (_extreme(loss, choose) for choose in (np.max, np.min))
    by_size = mean_by_size(values)  # [..., n + 1]
    chance = by_size[..., -1] - by_size[..., :-1].mean(axis=-1)
    scale = np.abs(values).max(axis=-1)
    explainable = best / known.segments - chance > NOTHING_TO_EXPLAIN * scale
    return Limits(best / known.segments, worst / known.segments, chance, explainable)


def retention_limits(values: FloatArray) -> Limits:
    """The limits of sufficiency: segments are kept, the one ranked first before the others; lower is better.

    Keeping a ranking's first k is removing the first n - k of the reversed ranking, but for the ends (k = n loses
    nothing, k = 0 all): sufficiency(r) = AOPC(reversed r) - [v(all) - v(none)] / n. So `best` is the smallest.
    """
    removal = removal_limits(values)
    ends = (values[..., -1] - values[..., 0]) / segments_of(values)
    return Limits(
        removal.worst - ends,
        removal.best - ends,
        removal.chance - ends,
        removal.chance - removal.worst > NOTHING_TO_EXPLAIN * np.abs(values).max(axis=-1),
    )


def _extreme(loss: FloatArray, choose: Callable[..., FloatArray]) -> FloatArray:
    """Sum of losses along the best (or worst) order of removing all segments, [...] from [..., 2^n]."""
    found = np.zeros(loss.shape)
    for of_size, smaller in subsets(segments_of(loss)).layers:
        found[..., of_size] = loss[..., of_size] + choose(found[..., smaller], axis=-1)
    full: FloatArray = found[..., -1]
    return full


def removal_area(values: FloatArray, scores: FloatArray) -> FloatArray:
    """AOPC of the ranking by falling `scores` under `values`, in the values' unit: comprehensiveness.

    Segments with equal scores are taken in every order, and the mean is returned: exact, without a draw. Scores that
    are all equal therefore reach chance, neither more nor less.

    Args:
        values: [..., 2^n] of any number of values that are judged alike.
        scores: [n], one ranking, or [R, n], several.

    Returns:
        [...], or [R, ...] for several rankings.

    Raises:
        ValueError: as `subsets.segments_of`, or scores that are not finite or not one per segment.
    """
    return _one_or_all(removal_losses(values, scores)[:, 1:].mean(axis=1), scores)


def retention_area(values: FloatArray, scores: FloatArray) -> FloatArray:
    """The same where a ranking's first k segments alone are kept, k = 1..n: sufficiency. Lower is better.

    Args, Returns, Raises: as `removal_area`.
    """
    return _one_or_all(retention_losses(values, scores)[:, 1:].mean(axis=1), scores)


def _one_or_all(areas: FloatArray, scores: FloatArray) -> FloatArray:
    found: FloatArray = areas[0] if np.ndim(scores) == 1 else areas
    return found


def removal_losses(values: FloatArray, scores: FloatArray) -> FloatArray:
    """What is lost when the k segments ranked first are removed, k = 0..n: v(all) - v(all minus top k).

    Args, Raises: as `removal_area`.

    Returns:
        [R, n + 1, ...] of R rankings; [1, n + 1, ...] of one.

    Examples:
        >>> removal_losses(np.array([0.0, 1.0, 2.0, 5.0]), np.array([2.0, 3.0])).tolist()
        [[0.0, 4.0, 5.0]]
    """
    return values[..., -1] - _curves(values, np.atleast_2d(scores))[:, ::-1]


def retention_losses(values: FloatArray, scores: FloatArray) -> FloatArray:
    """What is lost when the k segments ranked first alone are kept, k = 0..n: v(all) - v(top k).

    Args, Returns, Raises: as `removal_losses`.
    """
    return values[..., -1] - _curves(values, -np.atleast_2d(scores))


def _curves(values: FloatArray, scores: FloatArray) -> FloatArray:
    """Mean value by number of segments kept, [R, n + 1, ...], for R rankings of which the highest scores go first."""
    n = segments_of(values)
    scores = np.asarray(scores, dtype=np.float64)
    if scores.shape[1:] != (n,) or not np.isfinite(scores).all():
        raise ValueError(f"expected {n} finite scores, one per segment, got {scores}")
    order = np.argsort(-scores, axis=1, kind="stable")
    left = np.full((len(scores), n + 1), subsets(n).full)
    left[:, 1:] -= np.cumsum(1 << order, axis=1)
    found = np.moveaxis(values[..., left[:, ::-1]], (-2, -1), (0, 1))
    # Equal scores have no order to follow: these few rankings are averaged one by one.
    ranked = np.take_along_axis(scores, order, axis=1)
    for ranking in np.flatnonzero((ranked[:, 1:] == ranked[:, :-1]).any(axis=1)):
        found[ranking] = _curve(values, scores[ranking], n)
    return found


def _curve(values: FloatArray, scores: FloatArray, n: int) -> FloatArray:
    """Mean value by number of segments kept, [n + 1, ...], those with the highest scores removed first.

    Of segments with equal scores every subset is as likely: a coalition that removes k of them counts as their mean.
    """
    kept = np.empty((n + 1, *values.shape[:-1]))
    left, count = subsets(n).full, n
    kept[count] = values[..., left]
    for tied in _groups(scores):
        if len(tied) == 1:
            left, count = left ^ (1 << tied[0]), count - 1
            kept[count] = values[..., left]
            continue
        local = subsets(len(tied))
        bits = np.array([1 << segment for segment in tied])
        removed = (np.arange(local.full + 1)[:, None] >> np.arange(len(tied)) & 1) @ bits
        for size in range(1, len(tied) + 1):
            kept[count - size] = values[..., left ^ removed[local.sizes == size]].mean(axis=-1)
        left, count = int(left ^ removed[-1]), count - len(tied)
    return kept


def _groups(scores: FloatArray) -> Iterator[list[int]]:
    """Segments with equal scores together, the highest first."""
    for score in np.unique(scores)[::-1]:
        yield np.flatnonzero(scores == score).tolist()


def faithfulness(
    values: FloatArray, scores: FloatArray, limits: Limits | None = None
) -> FloatArray:
    """How much of what can be explained the ranking by `scores` explains, [...] or [R, ...] from [..., 2^n].

    (AOPC - chance) / (best - chance): 1 is the best order there is, 0 no better than chance, negative worse. NaN where
    there is nothing to explain; such examples are counted, never divided.

    Args:
        values, scores: as `removal_area`.
        limits: of the same values, where the caller has them.

    Examples:
        >>> values = np.array([0.0, 1.0, 2.0, 5.0])
        >>> faithfulness(values, np.array([2.0, 3.0])).item(), faithfulness(values, np.array([3.0, 2.0])).item()
        (1.0, -1.0)
        >>> faithfulness(values, np.array([1.0, 1.0])).item()
        0.0
    """
    return normalised_area(removal_area(values, scores), limits or removal_limits(values))


def sufficiency_score(
    values: FloatArray, scores: FloatArray, limits: Limits | None = None
) -> FloatArray:
    """The same of sufficiency: 1 where the segments ranked first suffice as well as any can, 0 at chance.

    Args, Returns: as `faithfulness`; `limits` are those of `retention_limits`.
    """
    return normalised_area(retention_area(values, scores), limits or retention_limits(values))


def normalised_area(area: FloatArray, limits: Limits) -> FloatArray:
    """(area - chance) / (best - chance); NaN where there is nothing to explain."""
    reach = np.where(limits.explainable, limits.best - limits.chance, 1.0)
    return np.where(limits.explainable, (area - limits.chance) / reach, np.nan)
