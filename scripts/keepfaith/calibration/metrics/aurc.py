"""Area under the risk-coverage curve: the error among the k most confident, averaged over k."""

import numpy as np

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.metrics.registry import sample_metric
from keepfaith.calibration.probabilities import Floats


@sample_metric("aurc", better="lower", citation="Geifman et al. 2019")
def aurc(draws: Draws) -> Floats:
    """Mean over examples of the error rate among those at least as confident.

    Without equal confidences this is Geifman's mean over k; equal ones are accepted together.
    """
    confidence = draws.sample.confidence
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    first_of_equals = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    weights = np.add.reduceat(draws.weights[:, order], first_of_equals, axis=1)
    errors = draws.weights * (1.0 - draws.correct)
    errors = np.add.reduceat(errors[:, order], first_of_equals, axis=1)
    accepted = weights.cumsum(axis=1)
    risk = errors.cumsum(axis=1) / np.maximum(accepted, 1e-300)
    area: Floats = (risk * weights).sum(axis=1) / accepted[:, -1]
    return area
