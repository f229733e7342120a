"""Accuracy: share of examples whose most probable choice is the label."""

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import mean_metric


def _per_example(draws: Draws) -> Floats:
    """1 where the prediction is the label."""
    return draws.correct


METRIC = mean_metric(
    _per_example, family="accuracy", better="higher", citation="lm-evaluation-harness, acc"
)
