"""Isotonic recalibration: accuracy as a non-decreasing function of the confidence, by pool-adjacent-violators."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]


class Blocks(NamedTuple):
    """Examples that an isotonic fit gives the same rate, in all repetitions, each [b].

    Attributes:
        repetition: index 0..R-1 of the repetition that the block is of.
        weight: summed weight of its examples.
        rate: share of them that are right.
    """

    repetition: npt.NDArray[np.int64]
    weight: _Floats
    rate: _Floats


def isotonic_blocks(size: _Floats, right: _Floats) -> Blocks:
    """The fit of each repetition.

    Args:
        size: [R, g], weight of the examples of each distinct confidence, ascending; 0 where a resample has none.
        right: [R, g], the part of it that is right.

    Examples:
        >>> fit = isotonic_blocks(np.ones((1, 4)), np.array([[0.0, 1.0, 0.0, 1.0]]))
        >>> fit.weight.tolist(), fit.rate.tolist()
        ([1.0, 2.0, 1.0], [0.0, 0.5, 1.0])
    """
    from scipy.optimize import isotonic_regression

    counts, weights, rates = [], [], []
    for own, correct in zip(size, right, strict=True):
        inside = own > 0
        fit = isotonic_regression(correct[inside] / own[inside], weights=own[inside])
        counts.append(len(fit.weights))
        weights.append(fit.weights)
        rates.append(fit.x[fit.blocks[:-1]])
    # The mean of a block may exceed 1 by rounding, and has a logarithm.
    rate = np.clip(np.concatenate(rates), 0.0, 1.0)
    return Blocks(np.repeat(np.arange(len(size)), counts), np.concatenate(weights), rate)
