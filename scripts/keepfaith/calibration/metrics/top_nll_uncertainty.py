"""Uncertainty (UNC) in the NLL of the confidence: its score if the accuracy were everyone's confidence.

A function of the accuracy alone: 0 if all examples are right or all are wrong, largest at one half.
"""

from keepfaith.calibration.corp import CITATION, TOP_NLL, uncertainty
from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric


def _values(draws: Draws) -> Floats:
    """S_base, as `corp` defines them."""
    return uncertainty(draws, TOP_NLL)


METRIC = Metric(
    family="calibration",
    better="neither",
    citation=CITATION,
    values=_values,
)
