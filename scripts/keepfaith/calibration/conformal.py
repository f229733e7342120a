"""Conformal sets of choices by the least ambiguous classifier (LAC; Sadinle, Lei and Wasserman 2019).

An example's score is -log of its label's probability. With n tuning examples the threshold q is their
ceil((n + 1) c)-th smallest score, for coverage c, and the set of an example holds all choices with -log probability of
at most q. Where tuning and evaluation examples are exchangeable, a set holds the label with a chance of at least c,
whatever the probabilities are: a worse model pays in the size of its sets. The usual score, 1 - probability, gives the
same sets, but rounds to 1 where a model is sure of another choice.
"""

import numpy as np
from scipy.stats import betabinom

from keepfaith.calibration.probabilities import Floats, Sample

COVERAGE = 0.9
"""The coverage asked for."""

_SLACK = 1e-12
"""Of equal scores whose sums were rounded in another order."""


def label_scores(sample: Sample) -> Floats:
    """[n], -log of the label's probability."""
    found: Floats = -sample.log_probabilities[np.arange(sample.size), sample.labels]
    return found


def rank_of(size: Floats | int) -> Floats:
    """The rank, from 1, of the threshold among `size` scores; above `size` if these are too few."""
    return np.ceil((np.asarray(size, np.float64) + 1) * COVERAGE - 1e-9)


def threshold(scores: Floats) -> float:
    """The threshold q of tuning scores [n]; infinite where n is too small.

    Examples:
        >>> threshold(np.arange(9) / 10), threshold(np.arange(8) / 10)
        (0.8, inf)
    """
    rank = int(rank_of(len(scores)))
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else np.inf


def set_sizes(sample: Sample, q: float) -> Floats:
    """[n], number of choices in each example's set; all of them where q is infinite."""
    real = np.isfinite(sample.log_probabilities)
    inside = real & (-sample.log_probabilities <= q + _SLACK)
    found: Floats = inside.sum(axis=1).astype(np.float64)
    return found


def covered(sample: Sample, q: float) -> Floats:
    """[n], 1.0 where the set holds the label."""
    return (label_scores(sample) <= q + _SLACK).astype(np.float64)


def coverage_band(tuning: int, evaluated: int, confidence: float) -> tuple[float, float]:
    """Central interval of the share covered among `evaluated` examples that are exchangeable with `tuning` ones.

    The coverage of q follows Beta(k, n + 1 - k) with k its rank, if no two scores are equal (Vovk 2012).
    """
    rank = float(rank_of(tuning))
    if rank > tuning:
        return 1.0, 1.0
    tail = (1 - confidence) / 2
    law = betabinom(evaluated, rank, tuning + 1 - rank)
    return float(law.ppf(tail)) / evaluated, float(law.ppf(1 - tail)) / evaluated
