"""An interval for the true calibration error, from labels alone, and an estimate without ECE's upward bias.

ECE adds absolute gaps, so label noise only ever adds to it, and a bootstrap of it adds the noise once more. Here
the noise is undone by test inversion. A candidate truth gives every bin a gap, by a shape and a size; for each size
ECE is simulated by drawing the number correct per bin, and the sizes under which the observed ECE is no surprise in
either tail form the interval. Size 0 is a calibrated model. The estimate is the size under which the observed ECE is
the median (0 where it is below the median of a calibrated model).

The shape of the true gaps is unknown, so two are tried and the wider end counts: gaps in proportion to the observed
ones, and gaps all alike with the observed signs (noise makes observed gaps more uneven than true ones). The upper
end is never put below the observed ECE. A test measures the coverage.
"""

from dataclasses import dataclass

import numpy as np

from keepfaith.calibration.bins import bin_sums, equal_width
from keepfaith.calibration.draws import once
from keepfaith.calibration.probabilities import Floats, Sample

GRID = 33
"""Number of candidate sizes."""


@dataclass(frozen=True)
class CorrectedError:
    """Median-unbiased estimate of the binned calibration error, with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class _Bins:
    """The filled bins of one level: numbers of examples, mean confidence and accuracy, each [b]."""

    count: Floats
    claimed: Floats
    right: Floats

    @property
    def share(self) -> Floats:
        total: float = self.count.sum()
        return self.count / total

    @property
    def observed(self) -> float:
        """ECE."""
        return float((self.share * np.abs(self.right - self.claimed)).sum())


def corrected_error(
    sample: Sample,
    *,
    bins: int = 10,
    repetitions: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> CorrectedError:
    """Estimate and interval of sum_b (n_b / n) |P(correct in b) - confidence_b| over equal-width bins.

    Args:
        sample: one level.
        bins: number of bins, as for ECE.
        repetitions: simulated sets for each candidate truth.
        confidence: level of the interval, for example .95.
        seed: of the simulation.
    """
    sums = bin_sums(once(sample, bins), equal_width(sample.confidence, bins))
    count, claimed, right = (row[0, sums.size[0] > 0] for row in sums)
    filled = _Bins(count, claimed / count, right / count)
    gaps = filled.right - filled.claimed
    alike = np.where(gaps > 0, 1.0, -1.0)
    shapes = (gaps / filled.observed if filled.observed > 0 else alike, alike)
    tail = (1 - confidence) / 2
    found = [_inverted(filled, shape, tail, repetitions, seed) for shape in shapes]
    value = found[0].value
    return CorrectedError(
        value,
        low=min(value, *(each.low for each in found)),
        high=max(value, filled.observed, *(each.high for each in found)),
    )


def _inverted(
    bins: _Bins, shape: Floats, tail: float, repetitions: int, seed: int
) -> CorrectedError:
    """Sizes at which the observed ECE leaves either tail, and the one at which it is the median."""
    # ECE varies by at most .5 / sqrt(n) standard deviations, so no truth beyond four of them can pass.
    size = np.linspace(0.0, bins.observed + 2.0 / np.sqrt(bins.count.sum()), GRID)
    accuracy = np.clip(bins.claimed + size[:, None] * shape, 0.0, 1.0)
    truth = (bins.share * np.abs(accuracy - bins.claimed)).sum(axis=1)
    right = np.random.default_rng(seed).binomial(
        bins.count.astype(np.int64), accuracy[:, None], size=(GRID, repetitions, len(bins.count))
    )
    simulated = np.abs(right / bins.count - bins.claimed) @ bins.share
    # ECE is discrete: a tie counts in both tails. Accumulation takes the noise of simulation out of monotone curves.
    at_least = np.maximum.accumulate((simulated >= bins.observed - 1e-12).mean(axis=1))
    at_most = np.minimum.accumulate((simulated <= bins.observed + 1e-12).mean(axis=1))
    return CorrectedError(
        value=_crossing(at_least, 0.5, truth),
        low=_crossing(at_least, tail, truth),
        high=_crossing(-at_most, -tail, truth),
    )


def _crossing(rising: Floats, level: float, truth: Floats) -> float:
    """The truth at which a rising curve reaches `level`; 0 where it starts above."""
    return float(np.interp(level, rising, truth)) if rising[0] < level else 0.0
