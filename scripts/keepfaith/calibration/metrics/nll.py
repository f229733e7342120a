"""Negative log-likelihood of the label among the choices, in nats."""

import numpy as np

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import mean_metric


def _per_example(draws: Draws) -> Floats:
    """-log p(label) of each example; from log-probabilities, so that nothing is clipped."""
    losses: Floats = -draws.sample.log_probabilities[np.arange(draws.sample.size), draws.labels]
    return losses


METRIC = mean_metric(_per_example, better="lower", citation="Good 1952 (logarithmic score)")
