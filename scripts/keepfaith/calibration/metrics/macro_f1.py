"""Macro F1: the plain mean over classes of the harmonic mean of precision and recall."""

import numpy as np

from keepfaith.calibration.confusion import confusion, undefined
from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric


def _values(draws: Draws) -> Floats:
    """Mean of 2 hits / (labels + predictions) over the classes that occur among labels or predictions.

    NaN where examples have choices of their own, since their indices are no classes.
    """
    counts = confusion(draws)
    if counts is None:
        return undefined(draws)
    hits = np.einsum("rkk->rk", counts)
    occurrences = counts.sum(axis=2) + counts.sum(axis=1)  # [R, m]
    scores = np.divide(2 * hits, occurrences, out=np.zeros_like(hits), where=occurrences > 0)
    found: Floats = scores.sum(axis=1) / (occurrences > 0).sum(axis=1)
    return found


METRIC = Metric(
    family="accuracy",
    better="higher",
    citation="scikit-learn, f1_score(average='macro'); fixed choices only",
    values=_values,
)
