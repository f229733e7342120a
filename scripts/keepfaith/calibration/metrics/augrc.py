"""Area under the generalised risk-coverage curve: chance that an answer is wrong and accepted, averaged over coverage.

In [0, 1/2]: 0 if all are right, 1/2 if all are wrong. Unlike AURC, one wrong answer of high confidence cannot
rule it.
"""

from keepfaith.calibration.draws import Draws, weighted_sum
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric


def _values(draws: Draws) -> Floats:
    """Trapezoids over the distinct confidences: acc (1 - acc) (1 - AUROC) + (1 - acc)^2 / 2.

    Equal confidences are accepted one after the other in random order, on average.
    """
    accepted = draws.along_confidence(draws.weights)
    wrong = draws.along_confidence(draws.weights * (1.0 - draws.correct))
    # A wrong answer counts at every coverage from its own on: that of the less confident, and half of its equals.
    later = accepted.cumsum(axis=1) - accepted / 2
    total = draws.weights.sum(axis=1)
    area: Floats = weighted_sum(wrong, later) / total**2
    return area


METRIC = Metric(family="calibration", better="lower", citation="Traub et al. 2024", values=_values)
