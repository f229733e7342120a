"""Discrimination (DSC) in the Brier score of the confidence: what the recalibrated confidence gains over the accuracy.

0 if all examples are right or all are wrong. Biased upward as the miscalibration is, so a bootstrap of it misleads.
"""

from keepfaith.calibration.corp import CITATION, TOP_BRIER, discrimination
from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric


def _values(draws: Draws) -> Floats:
    """S_base - S_iso, as `corp` defines them."""
    return discrimination(draws, TOP_BRIER)


METRIC = Metric(
    family="calibration",
    better="higher",
    citation=CITATION,
    values=_values,
    noise_adds=True,
)
