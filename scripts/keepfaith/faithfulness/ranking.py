"""Rankings from scores, with a rule for ties.

Tied features are ordered at random, by a permutation that depends only on the seed and the example. So no
position in the prompt is favoured (LIME's Lasso gives many exact zeros; with ties broken by position, the template
at the prompt's end would lose every tie), and two levels with equal scores have equal rankings.
"""

import hashlib

import numpy as np


def rank(scores: np.ndarray, seed: int, example_id: str) -> np.ndarray:
    """Feature indices by descending signed score; ties in the random order of (seed, example).

    Args:
        scores: [features], finite, as in every table.

    Examples:
        >>> rank(np.array([0.1, 0.7, -0.3]), seed=0, example_id="a").tolist()
        [1, 0, 2]
    """
    digest = hashlib.sha256(example_id.encode()).digest()
    tie_order = np.random.default_rng([seed, int.from_bytes(digest[:8], "little")]).permutation(
        len(scores)
    )
    return np.lexsort((tie_order, -scores))


def selected_count(fraction: float, features: int) -> int:
    """Number of features that a fraction selects: rounded down, as in the study; 0 for a short prompt."""
    return int(fraction * features)


def membership(scores: np.ndarray, top: int) -> np.ndarray:
    """Probability that each feature is among the `top` highest if ties are broken at random.

    1 above the threshold score, 0 below it; features at the threshold share the remaining ranks evenly.

    Args:
        scores: [..., features], finite; each row of the last axis is ranked by itself.
        top: at least 0; capped at the number of features.

    Returns:
        float64, of the shape of `scores`; every row sums to min(top, features).

    Examples:
        >>> membership(np.array([0.9, 0.2, 0.2, 0.1]), top=2).tolist()
        [1.0, 0.5, 0.5, 0.0]
    """
    features = scores.shape[-1]
    top = min(top, features)
    if top == 0:
        return np.zeros(scores.shape)
    threshold = np.partition(scores, features - top, axis=-1)[..., features - top, None]
    above = scores > threshold
    tied = scores == threshold
    remaining = top - above.sum(axis=-1, keepdims=True)
    return np.asarray(above + tied * (remaining / tied.sum(axis=-1, keepdims=True)))
