"""How far the answers to examples about one text are right or wrong together.

A calibration error is simulated by drawing which answers are right. Drawn independently, ten questions about one
passage count as ten observations; where the answers stand or fall together they are hardly more than one. Here the
correlation of being right within a cluster is estimated, with its uncertainty, and its upper confidence limit is what
simulations use: where clusters are too few to tell, the answers to one text count as one.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from keepfaith.calibration.probabilities import Floats, Indices, Sample

TAIL = 0.025
"""Nominal chance that the true correlation lies above the limit that is used."""


@dataclass(frozen=True)
class Dependence:
    """How the answers of one level depend on each other.

    Attributes:
        clusters: [n], cluster 0, 1, ... of each example.
        correlation: of being right within a cluster, above 0.
    """

    clusters: Indices
    correlation: float


def dependence_of(sample: Sample, clusters: Indices) -> Dependence | None:
    """The dependence that the labels admit (`within_correlation`); None where no answer depends on another."""
    correlation = within_correlation(sample, clusters)
    return Dependence(clusters, correlation) if correlation > 0 else None


def within_correlation(sample: Sample, clusters: Indices) -> float:
    """Upper limit, in [0, 1], of the correlation of "the prediction is right" between examples of one cluster.

    Estimated is the design effect, 1 + correlation x (pairs per example): summed squares of the clusters' residuals
    over the summed binomial variances (Liang and Zeger 1986, section 3). An example's expected rate is its confidence
    plus the mean gap of all other clusters, so that a model that is over-confident everywhere does not look dependent.
    The limit is that of the design effect's logarithm, by the jackknife over clusters and Student's quantile.

    Args:
        sample: one level.
        clusters: [n], cluster 0, 1, ... of each example.

    Returns:
        0 where every example is a cluster of its own; 1 where fewer than two clusters hold several examples, or where
        all answers are certain, so that nothing tells how they depend on each other.
    """
    sizes = np.bincount(clusters)
    if sizes.max() == 1:
        return 0.0
    several = np.flatnonzero(sizes > 1)
    if len(several) < 2:
        return 1.0
    squares, variances, products = (part[several] for part in _moments(sample, clusters, sizes))
    if variances.sum() - variances.max() <= 0 or products.sum() <= 0:
        return 1.0
    without = _log_ratio(squares.sum() - squares, variances.sum() - variances)
    groups = len(several)
    error = np.sqrt((groups - 1) / groups * ((without - without.mean()) ** 2).sum())
    estimate = _log_ratio(squares.sum(), variances.sum())
    effect = np.exp(estimate + student.ppf(1 - TAIL, groups - 1) * error)
    return float(np.clip((effect - 1) * variances.sum() / products.sum(), 0.0, 1.0))


def _moments(sample: Sample, clusters: Indices, sizes: Indices) -> tuple[Floats, Floats, Floats]:
    """By cluster [c]: squared sum of residuals, summed variances, and summed products of deviations over its pairs."""
    gaps = sample.correct - sample.confidence
    of_cluster = np.bincount(clusters, gaps)
    elsewhere = (of_cluster.sum() - of_cluster) / (sizes.sum() - sizes)  # (c,)
    expected = np.clip(sample.confidence + elsewhere[clusters], 0.0, 1.0)
    deviation = np.sqrt(expected * (1 - expected))
    squares = np.asarray(np.bincount(clusters, sample.correct - expected) ** 2, np.float64)
    variances = np.asarray(np.bincount(clusters, deviation**2), np.float64)
    of_pairs = np.asarray(np.bincount(clusters, deviation) ** 2, np.float64)
    return squares, variances, of_pairs - variances


def _log_ratio(above: Floats, below: Floats) -> Floats:
    ratio: Floats = np.log(np.maximum(above, 1e-12) / np.maximum(below, 1e-12))
    return ratio


def dependent_uniforms(
    clusters: Indices, correlation: float, repetitions: int, random: np.random.Generator
) -> Floats:
    """Uniforms [R, n] in [0, 1), whose thresholding at equal rates gives `correlation` within clusters.

    Each example takes its cluster's number with probability sqrt(correlation), else one of its own; two examples share
    theirs with probability `correlation`. Without correlation they are the numbers that `random` gives as they are.
    """
    own = random.random((repetitions, len(clusters)))
    if correlation <= 0:
        return own
    shared = random.random((repetitions, int(clusters.max()) + 1))[:, clusters]
    takes = random.random(own.shape) < np.sqrt(correlation)
    return np.where(takes, shared, own)


def effective_size(clusters: Indices, correlation: float) -> float:
    """Number of independent examples that tell as much about a mean (Kish 1965): n / (1 + correlation (m - 1)).

    m: mean size of the cluster that an example is in.
    """
    sizes = np.bincount(clusters)
    mean_size = float((sizes**2).sum() / sizes.sum())
    return float(sizes.sum() / (1 + correlation * (mean_size - 1)))
