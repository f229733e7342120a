"""Expected calibration error with equal-width bins, the study's metric.

Biased upward: noise alone gives a calibrated model an ECE above 0, so read it beside its null band.
"""

from keepfaith.calibration.bins import equal_width, expected_gap
from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric


def _values(draws: Draws) -> Floats:
    """sum_b (n_b / n) |accuracy_b - confidence_b| over right-closed bins of equal width."""
    return expected_gap(draws, equal_width(draws.sample.confidence, draws.bins))


METRIC = Metric(
    family="calibration",
    better="lower",
    citation="Naeini et al. 2015; Guo et al. 2017",
    values=_values,
    noise_adds=True,
)
