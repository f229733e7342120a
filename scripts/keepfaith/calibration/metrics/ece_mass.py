"""Expected calibration error with bins of equally many examples.

Under other weights of the examples, the bins stay those of the sample.
"""

from keepfaith.calibration.bins import equal_mass, expected_gap
from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric


def _values(draws: Draws) -> Floats:
    """sum_b (n_b / n) |accuracy_b - confidence_b| over bins of equal mass."""
    return expected_gap(draws, equal_mass(draws.sample.confidence, draws.bins))


METRIC = Metric(
    family="calibration",
    better="lower",
    citation="Nguyen and O'Connor 2015; Nixon et al. 2019",
    noise_adds=True,
    values=_values,
)
