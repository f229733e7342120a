"""Sign-flip permutation test of a mean difference between two levels on the same examples."""

from functools import lru_cache

import numpy as np

from keepfaith.calibration.probabilities import Floats, Indices
from keepfaith.statistics.clusters import cluster_sums


@lru_cache(maxsize=2)
def flips(count: int, repetitions: int, seed: int) -> Floats:
    """Signs [R, count]: all 2^count combinations if these are at most `repetitions`, otherwise random ones."""
    if 2**count <= repetitions:
        bits = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    else:
        bits = np.random.default_rng(seed).integers(0, 2, size=(repetitions, count))
    signs = np.where(bits == 0, 1.0, -1.0)
    signs.setflags(write=False)  # shared between callers
    return signs


def sign_flip(differences: Floats, clusters: Indices, repetitions: int, seed: int) -> Floats:
    """Two-sided p-values [k] that the mean of each column of `differences` [n, k] is 0.

    Under the null each cluster's differences have either sign with equal probability (exchangeable levels). Exact for
    few clusters; otherwise one is added to both counts (Phipson and Smyth 2010).

    Examples:
        >>> differences = np.array([[0.2], [0.1], [0.3], [0.2]])
        >>> sign_flip(differences, clusters=np.arange(4), repetitions=1000, seed=0).tolist()  # 2 of 16 signs
        [0.125]
    """
    sums = cluster_sums(differences, clusters)
    signs = flips(len(sums), repetitions, seed)
    observed = np.abs(sums.sum(axis=0))
    # Sums that differ only by the order of addition must count as equal.
    slack = 1e-12 * np.abs(sums).sum(axis=0)
    extreme = (np.abs(signs @ sums) >= observed - slack).sum(axis=0)
    exact = len(signs) == 2 ** len(sums)
    p_values: Floats = extreme / len(signs) if exact else (extreme + 1) / (len(signs) + 1)
    return p_values
