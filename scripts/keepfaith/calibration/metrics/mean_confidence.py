"""Mean confidence: mean probability of the prediction, right or wrong."""

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import mean_metric


def _per_example(draws: Draws) -> Floats:
    """Confidence of each example."""
    return draws.sample.confidence[None]


METRIC = mean_metric(_per_example, better="neither", citation="Guo et al. 2017", reads_labels=False)
