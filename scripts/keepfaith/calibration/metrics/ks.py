"""Kolmogorov-Smirnov calibration error: without bins, the largest cumulated gap along the confidence."""

import numpy as np

from keepfaith.calibration.draws import Draws, by_confidence
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric


def _values(draws: Draws) -> Floats:
    """max_c |sum over examples with confidence <= c of (correct - confidence)| / n.

    Equal confidences enter together, so the order of examples does not matter.
    """
    order, last = by_confidence(draws.sample.confidence)
    gaps = draws.weights * (draws.correct - draws.sample.confidence)
    cumulated = gaps[:, order].cumsum(axis=1)[:, last]
    error: Floats = np.abs(cumulated).max(axis=1) / draws.weights.sum(axis=1)
    return error


METRIC = Metric(
    family="calibration",
    better="lower",
    citation="Gupta et al. 2021",
    values=_values,
    noise_adds=True,
)
