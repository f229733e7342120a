"""Confidence bins and the sums inside them.

Bins are right-closed, (a, b], and the first one also holds 0, so that every confidence in [0, 1] has a bin;
1.0 lies in the last. (The study's code left 1.0 out: an all-certain model had an ECE of 0.)
"""

from typing import NamedTuple

import numpy as np

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats, Indices


class BinSums(NamedTuple):
    """Weighted sums per repetition and bin, each [R or 1, bins]."""

    size: Floats
    confidence: Floats
    correct: Floats


def width_edges(bins: int) -> Floats:
    """[bins + 1], the edges b / bins of equal-width bins."""
    # A quotient is the float nearest to the decimal edge, so that a confidence written .3 lies on edge .3.
    return np.arange(bins + 1) / bins


def equal_width(confidence: Floats, bins: int) -> Indices:
    """[n], bin 0..bins-1 of each confidence among equal-width bins.

    Examples:
        >>> equal_width(np.array([0.0, 0.1, 0.11, 0.95, 1.0]), bins=10).tolist()
        [0, 0, 1, 9, 9]
    """
    return np.searchsorted(width_edges(bins)[1:-1], confidence, side="left")


def equal_mass(confidence: Floats, bins: int) -> Indices:
    """[n], bin 0..bins-1 of each confidence among bins of (nearly) equally many examples.

    Edges are order statistics; equal confidences share a bin, so bins may be unequal or empty.

    Examples:
        >>> equal_mass(np.array([0.5, 0.6, 0.6, 0.9]), bins=2).tolist()
        [0, 0, 0, 1]
    """
    ordered = np.sort(confidence)
    last = np.ceil(len(ordered) * np.arange(1, bins) / bins).astype(np.int64) - 1
    return np.searchsorted(ordered[np.maximum(last, 0)], confidence, side="left")


def bin_sums(draws: Draws, members: Indices) -> BinSums:
    """Number, summed confidence and number correct in every bin; `members` [n] is the bin of each example."""
    inside = (members[:, None] == np.arange(draws.bins)).astype(np.float64)
    return BinSums(
        size=draws.weights @ inside,
        confidence=draws.weights @ (inside * draws.sample.confidence[:, None]),
        correct=(draws.weights * draws.correct) @ inside,
    )


def expected_gap(draws: Draws, members: Indices) -> Floats:
    """[R], sum over bins of (share of examples) x |accuracy - mean confidence|."""
    sums = bin_sums(draws, members)
    gaps: Floats = np.abs(sums.correct - sums.confidence).sum(axis=1) / draws.weights.sum(axis=1)
    return gaps
