"""Accuracy: share of examples whose most probable option is the label."""

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.metrics.registry import mean_metric
from keepfaith.calibration.probabilities import Floats


@mean_metric("accuracy", family="accuracy", better="higher", citation="lm-evaluation-harness, acc")
def accuracy(draws: Draws) -> Floats:
    """1 where the prediction is the label."""
    return draws.correct
