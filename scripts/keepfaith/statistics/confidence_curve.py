"""The confidence curve of a change: p-values for any margin, from the ends of its interval at a grid of confidences.

A one-sided p-value of "the harm is at least M" is (1 - c) / 2, with c the confidence at which the upper end of the
interval reaches M; the lower end gives that of "at most M". The ends at all confidences, read as the quantiles of one
distribution, are the confidence distribution of the harm (Schweder and Hjort 2016). It is no posterior: no prior
enters, and it is as right as the coverage of the intervals.

Corrections for many tests read far tails, where 2,000 resamples have few draws. There the ends of a mean are no closer
than those of `bootstrap.unskewed_t`. How often 15,000 samples with a harm exactly at the margin gave a p-value of "at
most the margin" below a threshold, relative to that threshold (BCa alone in brackets):

    texts, harms              .025    .0042         .00083        .00021
    16, normal                1.55    1.09 (3.0)    1.5 (7.9)     1.9 (22)
    16, tail of gains         2.86    2.83 (8.4)    5.4 (29)      9.0 (105)
    50, normal                1.32    1.20 (1.8)    1.3 (3.7)     1.6 (8.0)
    50, tail of gains         1.55    1.54 (2.9)    2.7 (8.0)     4.5 (28)
    50, tail of losses        1.12     .66 (1.4)     .6 (1.7)      0  (3.2)
    200, normal               1.15    1.06 (1.3)    1.2 (2.2)      .6 (5.8)
    200, tail of gains        1.21    1.36 (1.7)     .9 (3.6)      .3 (11)

With a long tail of gains and few texts, harm is shown too often: a sample that lacks the gains looks worse than it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr, ndtri

from keepfaith.calibration.probabilities import Floats

CURVE = (0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.998, 0.9998)
"""The confidences, the same in every study."""

FAR = 4
"""How many of the last ones are in tails of which resamples alone know too little."""

_NORMAL = ndtri((1 + np.array(CURVE)) / 2)
"""[C], the ends of a standard normal distribution."""


@dataclass(frozen=True)
class ConfidenceCurve:
    """Ends of the intervals of one harm at the confidences of `CURVE`.

    Ends that a wider interval would leave out again, by the noise of a bootstrap, are moved outwards.

    Attributes:
        low, high: [C], in the order of `CURVE`.

    Examples:
        >>> curve = ConfidenceCurve.of(low=0.03 - 0.01 * _NORMAL, high=0.03 + 0.01 * _NORMAL)  # 0.03, s.e. 0.01
        >>> round(curve.p_at_most(0.01), 6), round(curve.p_at_least(0.01), 6)  # the normal tail beyond 2 s.e.
        (0.02275, 0.97725)
        >>> round(curve.p_at_least(0.08), 9)  # 5 s.e., beyond the grid
        2.87e-07
    """

    low: Floats
    high: Floats
    _points: Floats = field(init=False, repr=False, compare=False)
    _scores: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        low, high = np.minimum.accumulate(self.low), np.maximum.accumulate(self.high)
        object.__setattr__(self, "_points", np.concatenate([low[::-1], high]))
        object.__setattr__(self, "_scores", np.concatenate([-_NORMAL[::-1], _NORMAL]))

    @staticmethod
    def of(
        low: Sequence[float] | Floats, high: Sequence[float] | Floats, sign: int = 1
    ) -> "ConfidenceCurve":
        """From the ends of a change, whose harm is `sign` times the change.

        Examples:
            >>> ConfidenceCurve.of([-0.2] * 10, [0.1] * 10, sign=-1).high.max()
            np.float64(0.2)
        """
        ends = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        return ConfidenceCurve(*ends) if sign > 0 else ConfidenceCurve(-ends[1], -ends[0])

    def p_at_most(self, margin: float) -> float:
        """One-sided p-value of "the harm is at most `margin`": small where more is shown.

        It is below (1 - c) / 2 exactly where the lower end at confidence c lies above the margin.
        """
        return float(ndtr(self._score(margin)))

    def p_at_least(self, margin: float) -> float:
        """One-sided p-value of "the harm is at least `margin`": small where less is shown.

        It is at most (1 - c) / 2 exactly where the upper end at confidence c is at most the margin. It is 1 -
        `p_at_most`: the confidence that the harm exceeds the margin.
        """
        return float(ndtr(-self._score(margin)))

    def _score(self, margin: float) -> float:
        """The standard normal quantile that corresponds to `margin`.

        Linear between two ends, which is exact where the change is normal. Beyond the last end as for a normal
        distribution, with the last slope, or that from the innermost end where it is flatter: p-values below .0001
        are an extrapolation. Where several confidences have this end, the highest quantile.
        """
        points, scores = self._points, self._scores
        after = int(np.searchsorted(points, margin, side="right"))
        if 0 < after < len(points):
            before = after - 1
            share = (margin - points[before]) / (points[after] - points[before])
            return float(scores[before] + share * (scores[after] - scores[before]))
        last, next_, inner = (-1, -2, len(CURVE)) if after else (0, 1, len(CURVE) - 1)
        beyond = margin - points[last]
        if beyond == 0:
            return float(scores[last])
        with np.errstate(divide="ignore"):
            slope = min(
                np.divide(abs(scores[last] - scores[of]), abs(points[last] - points[of]))
                for of in (next_, inner)
            )
        return float(scores[last] + slope * beyond)
