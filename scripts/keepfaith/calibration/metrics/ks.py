"""Kolmogorov-Smirnov calibration error: no bins, the largest cumulated gap along the confidence."""

import numpy as np

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.metrics.registry import sample_metric
from keepfaith.calibration.probabilities import Floats


@sample_metric("ks", better="lower", citation="Gupta et al. 2021")
def ks(draws: Draws) -> Floats:
    """max_c |sum over examples with confidence <= c of (correct - confidence)| / n.

    Equal confidences enter together, so the order of examples does not matter.
    """
    confidence = draws.sample.confidence
    order = np.argsort(confidence, kind="stable")
    ordered = confidence[order]
    last_of_equals = np.append(ordered[1:] != ordered[:-1], True)
    gaps = (draws.weights * (draws.correct - confidence))[:, order].cumsum(axis=1)
    error: Floats = np.abs(gaps[:, last_of_equals]).max(axis=1) / draws.weights.sum(axis=1)
    return error
