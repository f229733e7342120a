"""Overconfidence: mean confidence minus accuracy; negative means underconfident."""

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import mean_metric


def _per_example(draws: Draws) -> Floats:
    """Confidence minus correctness of each example."""
    return draws.sample.confidence - draws.correct


METRIC = mean_metric(_per_example, better="neither", citation="calibration in the large, Cox 1958")
