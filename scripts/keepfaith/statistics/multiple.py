"""Holm's correction for tests at many levels."""

import numpy as np

from keepfaith.calibration.probabilities import Floats


def holm(p_values: Floats) -> Floats:
    """Adjusted p-values [k] that bound the chance of any false finding among k (Holm 1979).

    Examples:
        >>> holm(np.array([0.01, 0.04, 0.03])).round(6).tolist()
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted
