"""The orders of segments with the best removal and the best retention, whose areas `curves.Limits` holds."""

from collections.abc import Callable

import numpy as np

from keepfaith.coalitions.subsets import FloatArray, segments_of, subsets


def best_removal(values: FloatArray) -> FloatArray:
    """Scores [..., n] whose ranking has the largest AOPC of all orders, from values [..., 2^n]: n for the first.

    Examples:
        >>> best_removal(np.array([0.0, 1.0, 2.0, 5.0])).tolist()
        [1.0, 2.0]
    """
    return _removal(values, np.argmax)


def best_retention(values: FloatArray) -> FloatArray:
    """Scores [..., n] whose ranking loses least while its first segments alone are kept: sufficiency at its best.

    Keeping a ranking's first k is removing the first n - k of its reverse (`curves.retention_limits`).
    """
    n = segments_of(values)
    return n + 1 - _removal(values, np.argmin)


def _removal(values: FloatArray, choose: Callable[..., np.ndarray]) -> FloatArray:
    """The same dynamic programming as for limits, and the way back from the full set along what was chosen."""
    known = subsets(segments_of(values))
    lead = values.shape[:-1]
    loss = (values[..., -1:] - values[..., ::-1]).reshape(-1, values.shape[-1])  # [games, 2^n]
    total = np.zeros(loss.shape)
    before = np.zeros(loss.shape, dtype=np.int64)  # the set that was removed one segment earlier
    for of_size, smaller in known.layers:
        options = total[:, smaller]  # [games, C(n, s), s]
        chosen = choose(options, axis=-1)[..., None]
        total[:, of_size] = loss[:, of_size] + np.take_along_axis(options, chosen, axis=-1)[..., 0]
        before[:, of_size] = np.take_along_axis(smaller[None], chosen, axis=-1)[..., 0]
    scores = np.empty((len(loss), known.segments))
    games = np.arange(len(loss))
    removed = np.full(len(loss), known.full)
    for score in range(1, known.segments + 1):  # the last to be removed has the lowest
        earlier = before[games, removed]
        segment = np.log2(removed ^ earlier).astype(np.int64)
        scores[games, segment] = score
        removed = earlier
    return scores.reshape(*lead, known.segments)
