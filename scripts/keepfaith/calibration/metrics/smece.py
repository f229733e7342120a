"""Smooth calibration error: the gap between accuracy and confidence, smoothed over the confidence instead of binned.

smECE_s is the integral over [0, 1] of the absolute mean gap under a Gaussian kernel of width s, reflected at 0 and 1.
It falls as s grows, and smECE is the s at which smECE_s = s. A calibrated model does not score 0: read it beside its
null band. 0 where every answer is right with confidence 1; 1 where every answer is wrong with it.
"""

import numpy as np

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats
from keepfaith.plugins.metric import Metric

_CELLS = 512
"""Cells of the confidence. Gaps are divided between the two nearest centres; an smECE of .006 is exact to .00002, a
larger one to less."""

_TOLERANCE = 1e-6
"""Of smECE_s - s."""

_STEPS = 40
"""Secants and halvings at most; five or six secants are usual."""


def _values(draws: Draws) -> Floats:
    """The width s [R] of each repetition with smECE_s = s."""
    from scipy.fft import dct, idct

    gaps = _gaps_by_cell(draws)  # (R, _CELLS)
    # The reflected kernel multiplies the cosine of frequency k by exp(-(pi k s)^2 / 2).
    waves = dct(gaps, axis=1)
    rates = -((np.pi * np.arange(_CELLS)) ** 2) / 2

    def smoothed(width: Floats) -> Floats:
        decay = np.exp(rates * width[:, None] ** 2)
        found: Floats = np.abs(idct(waves * decay, axis=1)).sum(axis=1)
        return found

    # smECE_s falls, from the sum of the gaps' sizes to the size of their sum: where s is below the width that is looked
    # for, smECE_s is above it, so that one number narrows both ends.
    low, high = np.abs(gaps.sum(axis=1)), np.minimum(np.abs(gaps).sum(axis=1), 1.0)
    width: Floats = np.minimum(low + 0.02, high)
    last, last_excess = high, np.full(len(gaps), np.inf)
    found = np.zeros(len(gaps), dtype=bool)
    for _ in range(_STEPS):
        excess = smoothed(width) - width
        low = np.clip(np.minimum(width, width + excess), low, high)
        high = np.clip(np.maximum(width, width + excess), low, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (excess - last_excess) / (width - last)
        slope = np.where(np.isfinite(slope) & (slope < 0), slope, -2.0)
        last, last_excess = width, excess
        secant = width - excess / slope
        inside = (secant >= low - _TOLERANCE) & (secant <= high + _TOLERANCE)
        step = np.where(inside, np.clip(secant, low, high), (low + high) / 2)
        width = np.where(found, width, step)
        found |= np.abs(excess) <= _TOLERANCE
        if found.all():
            break
    return width


def _gaps_by_cell(draws: Draws) -> Floats:
    """[R, _CELLS], mean over all examples of correct - confidence, divided between the two nearest centres."""
    at = draws.sample.confidence * _CELLS - 0.5  # in units of cells, 0 at the first centre
    left = np.floor(at)
    share = at - left
    gaps = draws.weights * (draws.correct - draws.sample.confidence)
    found = np.zeros((len(gaps), _CELLS))
    for cell, part in ((left, 1 - share), (left + 1, share)):
        # Beyond the outer centres the mirror image of the outer cell is that cell.
        inside = np.clip(cell, 0, _CELLS - 1).astype(np.int64)
        order = np.argsort(inside, kind="stable")
        ends = np.searchsorted(inside[order], np.arange(_CELLS + 1), side="left")
        summed = np.pad((gaps * part)[:, order].cumsum(axis=1), ((0, 0), (1, 0)))
        found += np.diff(summed[:, ends], axis=1)
    scaled: Floats = found / draws.weights.sum(axis=1)[:, None]
    return scaled


METRIC = Metric(
    family="calibration",
    better="lower",
    citation="Blasiok and Nakkiran 2023",
    values=_values,
    noise_adds=True,
)
