"""Mean confidence: mean probability of the prediction, right or wrong."""

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.metrics.registry import mean_metric
from keepfaith.calibration.probabilities import Floats


@mean_metric("mean_confidence", better="neither", citation="Guo et al. 2017")
def mean_confidence(draws: Draws) -> Floats:
    """Confidence of each example."""
    return draws.sample.confidence[None]
