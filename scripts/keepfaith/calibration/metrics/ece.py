"""Expected calibration error with equal-width bins, the study's metric.

Biased upward: noise alone gives a calibrated model an ECE above 0, so read it beside its null band.
"""

from keepfaith.calibration.bins import equal_width, expected_gap
from keepfaith.calibration.draws import Draws
from keepfaith.calibration.metrics.registry import sample_metric
from keepfaith.calibration.probabilities import Floats


@sample_metric(
    "ece", better="lower", citation="Naeini et al. 2015; Guo et al. 2017", noise_adds=True
)
def ece(draws: Draws) -> Floats:
    """sum_b (n_b / n) |accuracy_b - confidence_b| over right-closed bins of equal width."""
    return expected_gap(draws, equal_width(draws.sample.confidence, draws.bins))
