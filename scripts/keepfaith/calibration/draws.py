"""Repetitions of one sample: the one input of every metric.

A metric is a function of weighted, labelled examples. The estimate is one repetition with weights 1 and the
observed labels; a bootstrap varies the weights, the null band of a calibrated model varies the labels. So each
metric is written once and evaluated for thousands of repetitions in one call.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from keepfaith.calibration.isotonic import Blocks, isotonic_blocks
from keepfaith.calibration.probabilities import Floats, Indices, Sample


@dataclass(frozen=True)
class Draws:
    """R repetitions of a sample of n examples.

    Attributes:
        sample: the level's predictions; the same in every repetition.
        labels: [R, n] or [1, n], the labels in each repetition.
        weights: [R, n] or [1, n], how often each example counts in each repetition.
        bins: number of confidence bins, for metrics that bin.
    """

    sample: Sample
    labels: Indices
    weights: Floats
    bins: int = 10

    @property
    def correct(self) -> Floats:
        """[R or 1, n], 1.0 where the prediction is the label."""
        return np.equal(self.labels, self.sample.prediction).astype(np.float64)

    @cached_property
    def recalibrated(self) -> Blocks:
        """Isotonic recalibration of the confidence in each repetition; kept, as several metrics read it."""
        size = self.along_confidence(self.weights)
        right = self.along_confidence(self.weights * self.correct)
        return isotonic_blocks(*np.broadcast_arrays(size, right))

    def along_confidence(self, values: Floats) -> Floats:
        """Sums [R or 1, g] of `values` [R or 1, n] over the examples of each distinct confidence, ascending."""
        order, last = by_confidence(self.sample.confidence)
        return np.diff(values[:, order].cumsum(axis=1)[:, last], prepend=0.0)

    def mean(self, values: Floats) -> Floats:
        """Weighted mean [R] over examples of `values` [R or 1, n]."""
        total: Floats = self.weights.sum(axis=1)
        return weighted_sum(values, self.weights) / total


def once(sample: Sample, bins: int = 10) -> Draws:
    """The sample as it is: one repetition, observed labels, every example counts once."""
    return Draws(sample, sample.labels[None], np.ones((1, sample.size)), bins)


def reweighted(sample: Sample, weights: Floats, bins: int = 10) -> Draws:
    """Observed labels under `weights` [R, n], such as bootstrap counts."""
    return Draws(sample, sample.labels[None], weights, bins)


def relabelled(sample: Sample, labels: Indices, bins: int = 10) -> Draws:
    """Every example once, under other labels [R, n], such as simulated ones."""
    return Draws(sample, labels, np.ones((1, sample.size)), bins)


def weighted_sum(values: Floats, weights: Floats) -> Floats:
    """Sums [R] over examples of `values` [R or 1, n] times `weights` [R or 1, n]."""
    if len(values) == 1:
        return np.asarray(weights @ values[0])
    if len(weights) == 1:
        return np.asarray(values @ weights[0])
    return np.asarray(np.einsum("rn,rn->r", values, weights))


def by_confidence(confidence: Floats) -> tuple[Indices, Indices]:
    """Ascending order [n] of the confidences, and the indices [g] in it at which a run of equal ones ends.

    Sums up to these indices do not depend on the order of equal confidences.
    """
    order = np.argsort(confidence, kind="stable")
    ordered = confidence[order]
    return order, np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
