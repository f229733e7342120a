"""Matthews correlation between labels and predictions, for any number of classes; 0 for a constant prediction."""

import numpy as np

from keepfaith.calibration.confusion import confusion, undefined
from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric


def _values(draws: Draws) -> Floats:
    """Covariance of labels and predictions, as indicators of classes, over the root of the product of their variances.

    0 where labels or predictions are all of one class, as in scikit-learn; NaN where examples have choices of their
    own, since their indices are no classes.
    """
    counts = confusion(draws)
    if counts is None:
        return undefined(draws)
    total = counts.sum(axis=(1, 2))
    labelled, predicted = counts.sum(axis=2), counts.sum(axis=1)  # [R, m]
    right = np.einsum("rkk->r", counts)
    covariance = right * total - (labelled * predicted).sum(axis=1)
    variances = (total**2 - (labelled**2).sum(axis=1)) * (total**2 - (predicted**2).sum(axis=1))
    # Sums of whole weights are exact, so that a constant prediction gives exactly 0.
    found: Floats = np.divide(
        covariance, np.sqrt(variances), out=np.zeros_like(total), where=variances > 0
    )
    return found


METRIC = Metric(
    family="accuracy",
    better="higher",
    citation="Matthews 1975, Gorodkin 2004; fixed choices only",
    values=_values,
)
