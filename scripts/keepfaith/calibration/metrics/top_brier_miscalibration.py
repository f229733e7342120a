"""Miscalibration (MCB) in the Brier score of the confidence: what isotonic recalibration would gain.

The score is that of the top label, MCB - DSC + UNC. Biased upward as ECE is, so read it beside its null band.
"""

from keepfaith.calibration.corp import CITATION, TOP_BRIER, miscalibration
from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric


def _values(draws: Draws) -> Floats:
    """S - S_iso, as `corp` defines them."""
    return miscalibration(draws, TOP_BRIER)


METRIC = Metric(
    family="calibration",
    better="lower",
    citation=CITATION,
    values=_values,
    noise_adds=True,
)
