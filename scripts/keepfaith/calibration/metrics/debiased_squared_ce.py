"""Debiased squared calibration error: the squared gap per bin minus the contribution of label noise.

Unbiased within its bins, so it may be negative; near 0 for a calibrated model.
"""

import numpy as np

from keepfaith.calibration.bins import bin_sums, equal_width
from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric


def _values(draws: Draws) -> Floats:
    """sum_b (n_b / n) [(accuracy_b - confidence_b)^2 - accuracy_b (1 - accuracy_b) / (n_b - 1)].

    A bin of fewer than two examples has no estimate of its noise and counts 0, as in Kumar's own code.
    """
    count, confidence, correct = bin_sums(draws, equal_width(draws.sample.confidence, draws.bins))
    enough = count >= 2
    size = np.where(enough, count, 2.0)
    accuracy = correct / size
    squared = (accuracy - confidence / size) ** 2 - accuracy * (1 - accuracy) / (size - 1)
    error: Floats = np.where(enough, count * squared, 0.0).sum(axis=1) / draws.weights.sum(axis=1)
    return error


METRIC = Metric(
    family="calibration",
    better="lower",
    citation="Kumar et al. 2019",
    values=_values,
    noise_adds=True,
)
