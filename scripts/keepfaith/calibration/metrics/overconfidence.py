"""Overconfidence: mean confidence minus accuracy; negative means underconfident."""

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.metrics.registry import mean_metric
from keepfaith.calibration.probabilities import Floats


@mean_metric("overconfidence", better="neither", citation="calibration in the large, Cox 1958")
def overconfidence(draws: Draws) -> Floats:
    """Confidence minus correctness of each example."""
    return draws.sample.confidence - draws.correct
