"""Exact calibration error of tasks with a known posterior of the labels.

A built-in task draws each label from a known posterior, so the probability that a prediction is right is known
without any label noise. This makes calibration testable: the interval estimated from labels should contain the exact
value.
"""

from dataclasses import dataclass

import numpy as np

from keepfaith.calibration.bins import equal_width
from keepfaith.calibration.draws import relabelled
from keepfaith.calibration.interval import CorrectedError
from keepfaith.calibration.null_band import simulated_labels
from keepfaith.calibration.probabilities import Floats, Sample
from keepfaith.plugins.metric import PREDICTION_METRICS


@dataclass(frozen=True)
class ExactError:
    """Exact calibration error of one level, and the estimate from its labels.

    Attributes:
        value: sum_b (n_b / n) |mean exact probability of being right - mean confidence| over ECE's own bins.
        low, high: interval for it, estimated from the labels alone.
        plug_in_low, plug_in_high: central interval of ECE when labels are drawn from the exact posterior.
    """

    value: float
    low: float
    high: float
    plug_in_low: float
    plug_in_high: float


def probability_right(sample: Sample, posterior: Floats) -> Floats:
    """[n], exact probability that the prediction is the label, from the posterior [n, m]."""
    chosen: Floats = posterior[np.arange(sample.size), sample.prediction]
    return chosen


def exact_ece(sample: Sample, posterior: Floats, bins: int = 10) -> float:
    """Expected calibration error with exact probabilities instead of labels; same bins as ECE."""
    gaps = probability_right(sample, posterior) - sample.confidence
    members = equal_width(sample.confidence, bins)
    return float(np.abs(np.bincount(members, gaps, minlength=bins)).sum() / sample.size)


def exact_error(
    sample: Sample,
    posterior: Floats,
    estimated: CorrectedError,
    *,
    bins: int = 10,
    repetitions: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> ExactError:
    """Exact error of one level, the interval from its labels, and the expected range of ECE.

    Args:
        sample: one level.
        posterior: [n, m], exact probability of each option.
        estimated: `corrected_error` of the same sample and bins.
        bins: number of bins, as for ECE.
        repetitions: sets of labels drawn from the posterior.
        confidence: of both intervals.
        seed: of the drawn labels.
    """
    low, high = estimated.interval(confidence)
    uniforms = np.random.default_rng(seed).random((repetitions, sample.size))
    labels = simulated_labels(posterior, uniforms)
    redrawn = PREDICTION_METRICS.load("ece").values(relabelled(sample, labels, bins))
    tail = (1 - confidence) / 2
    plug_in_low, plug_in_high = np.quantile(redrawn, [tail, 1 - tail])
    return ExactError(
        value=exact_ece(sample, posterior, bins),
        low=low,
        high=high,
        plug_in_low=float(plug_in_low),
        plug_in_high=float(plug_in_high),
    )
