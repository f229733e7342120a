"""Excess area under the risk-coverage curve: AURC minus that of the best ranking of the same answers.

0 where every right answer is more confident than every wrong one, also if all are right or all are wrong. AURC mixes
accuracy with this ranking.
"""

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.metrics.aurc import METRIC as AURC
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric


def _values(draws: Draws) -> Floats:
    """AURC - (1 / n) sum over k > r of (k - r) / k, with r of n examples right."""
    from scipy.special import digamma

    total = draws.weights.sum(axis=1)
    right = draws.mean(draws.correct) * total
    # Sum of 1 / k over r < k <= n.
    harmonic = digamma(total + 1) - digamma(right + 1)
    best: Floats = (total - right - right * harmonic) / total
    return AURC.values(draws) - best


METRIC = Metric(
    family="calibration", better="lower", citation="Geifman et al. 2019", values=_values
)
