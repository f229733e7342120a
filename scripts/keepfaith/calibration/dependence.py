"""Correlation of correctness between examples that share a text.

A calibration error is simulated by drawing which answers are right. Drawn independently, ten questions about one
passage count as ten observations; with fully correlated answers they are hardly more than one. This module estimates
the correlation of correctness within a cluster, with its uncertainty. Simulations use its upper confidence limit: with
too few clusters for an estimate, the answers to one text count as one.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from keepfaith.calibration.probabilities import Floats, Indices, Sample

TAIL = 0.025
"""Nominal chance that the true correlation is above the limit that is used."""


@dataclass(frozen=True)
class Dependence:
    """Dependence between the answers of one level.

    Attributes:
        clusters: [n], cluster 0, 1, ... of each example.
        correlation: of correctness within a cluster, above 0.
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
    plus the mean gap of all other clusters, so that general over-confidence does not look like dependence.
    The limit is that of the design effect's logarithm, by the jackknife over clusters and Student's quantile.

    Args:
        sample: one level.
        clusters: [n], cluster 0, 1, ... of each example.

    Returns:
        0 where every example is its own cluster; 1 where fewer than two clusters contain several examples, or where
        all answers are certain, so that the dependence is unknown.
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

    Each example takes its cluster's number with probability sqrt(correlation), else its own number; two examples share
    a number with probability `correlation`. Without correlation the numbers of `random` are returned unchanged.
    """
    own = random.random((repetitions, len(clusters)))
    if correlation <= 0:
        return own
    shared = random.random((repetitions, int(clusters.max()) + 1))[:, clusters]
    takes = random.random(own.shape) < np.sqrt(correlation)
    return np.where(takes, shared, own)


def effective_size(clusters: Indices, correlation: float) -> float:
    """Number of independent examples with the same information about a mean (Kish 1965): n / (1 + correlation (m - 1)).

    m: mean size of the cluster that an example is in.
    """
    sizes = np.bincount(clusters)
    mean_size = float((sizes**2).sum() / sizes.sum())
    return float(sizes.sum() / (1 + correlation * (mean_size - 1)))
