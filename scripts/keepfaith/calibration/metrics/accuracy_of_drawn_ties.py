"""Accuracy with a random draw among equally likely choices; `accuracy` takes the first of them."""

import numpy as np

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import mean_metric


def _per_example(draws: Draws) -> Floats:
    """One over the number of most likely choices if the label is one of them, else 0."""
    scores = draws.sample.log_probabilities
    tied = scores == scores.max(axis=1, keepdims=True)  # (n, m)
    shares: Floats = tied / tied.sum(axis=1, keepdims=True)
    hits: Floats = shares[np.arange(len(tied)), draws.labels]  # (R, n)
    return hits


METRIC = mean_metric(
    _per_example,
    family="accuracy",
    better="higher",
    citation="expectation over ties; lm-evaluation-harness takes the first choice of a tie",
)
