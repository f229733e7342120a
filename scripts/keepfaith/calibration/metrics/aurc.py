"""Area under the risk-coverage curve: the error among the k most confident, averaged over k."""

import numpy as np

from keepfaith.calibration.draws import Draws, by_confidence
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric


def _values(draws: Draws) -> Floats:
    """Mean over examples of the error rate among those at least as confident.

    Without equal confidences this is Geifman's mean over k; equal ones are accepted together.
    """
    order, last = by_confidence(-draws.sample.confidence)
    accepted = draws.weights[:, order].cumsum(axis=1)[:, last]
    errors = (draws.weights * (1.0 - draws.correct))[:, order].cumsum(axis=1)[:, last]
    risk = errors / np.maximum(accepted, 1e-300)
    area: Floats = (risk * np.diff(accepted, prepend=0.0)).sum(axis=1) / accepted[:, -1]
    return area


METRIC = Metric(
    family="calibration", better="lower", citation="Geifman et al. 2019", values=_values
)
