"""Area under the ROC curve of the confidence as a score for being correct."""

import numpy as np

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.metrics.registry import sample_metric
from keepfaith.calibration.probabilities import Floats


@sample_metric("auroc", better="higher", citation="Hendrycks and Gimpel 2017")
def auroc(draws: Draws) -> Floats:
    """Probability that a correct example is more confident than a wrong one; equal confidences count half.

    NaN where all examples are correct or all are wrong.
    """
    confidence = draws.sample.confidence
    order = np.argsort(confidence, kind="stable")
    ordered = confidence[order]
    first_of_equals = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    right = (draws.weights * draws.correct)[:, order]
    wrong = (draws.weights * (1.0 - draws.correct))[:, order]
    right = np.add.reduceat(right, first_of_equals, axis=1)
    wrong = np.add.reduceat(wrong, first_of_equals, axis=1)
    below = wrong.cumsum(axis=1) - wrong / 2
    pairs = right.sum(axis=1) * wrong.sum(axis=1)
    won = np.einsum("rg,rg->r", right, below)
    area: Floats = np.divide(won, pairs, out=np.full_like(pairs, np.nan), where=pairs > 0)
    return area
