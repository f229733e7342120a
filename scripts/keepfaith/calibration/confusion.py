"""How often each class is predicted for each other, in every repetition."""

import numpy as np

from keepfaith.calibration.draws import Draws, weighted_sum
from keepfaith.calibration.probabilities import Floats


def confusion(draws: Draws) -> Floats | None:
    """[R, m, m], weights of the examples by label and prediction; None where an index is no class."""
    sample = draws.sample
    if not sample.classes:
        return None
    options = sample.probabilities.shape[1]
    counts = np.zeros((max(len(draws.labels), len(draws.weights)), options, options))
    for prediction in np.unique(sample.prediction):
        chosen = sample.prediction == prediction
        weights = draws.weights[:, chosen]
        for label in range(options):
            hits = np.equal(draws.labels[:, chosen], label).astype(np.float64)
            counts[:, label, prediction] = weighted_sum(hits, weights)
    return counts


def undefined(draws: Draws) -> Floats:
    """[R] of NaN: the metric does not exist for these examples."""
    return np.full(max(len(draws.labels), len(draws.weights)), np.nan)
