"""Multi-class Brier score: squared distance of the choice probabilities from the label, in [0, 2].

Summed over all choices (Brier's own form): with two choices twice the form for a single choice.
"""

import numpy as np

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import mean_metric


def _per_example(draws: Draws) -> Floats:
    """sum_o (p_o - [o is the label])^2 of each example."""
    p = draws.sample.probabilities
    if_label = (p**2).sum(axis=1, keepdims=True) - 2 * p + 1
    losses: Floats = if_label[np.arange(draws.sample.size), draws.labels]
    return losses


METRIC = mean_metric(_per_example, better="lower", citation="Brier 1950")
