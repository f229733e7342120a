"""Area under the ROC curve of the confidence as a score for being correct."""

import numpy as np

from keepfaith.calibration.draws import Draws, by_confidence
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric


def _values(draws: Draws) -> Floats:
    """Probability that a correct example is more confident than a wrong one; equal confidences count half.

    NaN where all examples are correct or all are wrong.
    """
    order, last = by_confidence(draws.sample.confidence)
    right = np.diff((draws.weights * draws.correct)[:, order].cumsum(axis=1)[:, last], prepend=0.0)
    cumulated = (draws.weights * (1.0 - draws.correct))[:, order].cumsum(axis=1)[:, last]
    below = cumulated - np.diff(cumulated, prepend=0.0) / 2
    pairs = right.sum(axis=1) * cumulated[:, -1]
    won = np.einsum("rg,rg->r", right, below)
    area: Floats = np.divide(won, pairs, out=np.full_like(pairs, np.nan), where=pairs > 0)
    return area


METRIC = Metric(
    family="calibration", better="higher", citation="Hendrycks and Gimpel 2017", values=_values
)
