"""Interval for the true calibration error, from labels alone, and an estimate without ECE's upward bias.

ECE adds absolute gaps, so label noise always increases it, and a bootstrap of it adds the noise again. Test inversion
removes the noise. A candidate truth gives every bin a gap, by a shape and a size; for each size
ECE is simulated by drawing the number correct per bin, and the sizes under which the observed ECE is in
neither tail form the interval. Size 0 is a calibrated model. The estimate is the size under which the observed ECE is
the median (0 where it is below the median of a calibrated model).

The shape of the true gaps is unknown, so two are tried and the wider end counts: gaps proportional to the observed
ones, and equal gaps with the observed signs (noise makes observed gaps more uneven than true ones). The upper
end is never below the observed ECE. A test measures the coverage.

Where examples share texts, answers are drawn with the dependence that the labels admit (`dependence`).
"""

from dataclasses import dataclass

import numpy as np

from keepfaith.calibration.bins import bin_sums, equal_width
from keepfaith.calibration.dependence import (
    Dependence,
    dependent_uniforms,
    effective_size,
)
from keepfaith.calibration.draws import once
from keepfaith.calibration.probabilities import Floats, Indices, Sample

GRID = 25
"""Number of candidate sizes."""


@dataclass(frozen=True)
class Candidates:
    """Candidate truths of one shape, by size.

    Attributes:
        truth: [GRID], ascending calibration errors, from 0.
        at_least: [GRID], share of simulations with ECE at or above the observed one; ascending.
        at_most: [GRID], share at or below; descending. A tie counts in both, as ECE is discrete.
    """

    truth: Floats
    at_least: Floats
    at_most: Floats


@dataclass(frozen=True)
class CorrectedError:
    """Estimate of the true calibration error of one level from its labels.

    Attributes:
        observed: ECE.
        proportional, alike: candidates with either shape of gaps.
    """

    observed: float
    proportional: Candidates
    alike: Candidates

    @property
    def value(self) -> float:
        """The median-unbiased estimate."""
        return _crossing(self.proportional.at_least, 0.5, self.proportional.truth)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Lower and upper end; contains `value` and `observed`."""
        tail = (1 - confidence) / 2
        both = (self.proportional, self.alike)
        low = min(_crossing(each.at_least, tail, each.truth) for each in both)
        high = max(_crossing(-each.at_most, -tail, each.truth) for each in both)
        return min(low, self.value), max(high, self.value, self.observed)


@dataclass(frozen=True)
class _Bins:
    """The filled bins of one level: numbers of examples, mean confidence and accuracy, each [b].

    Attributes:
        members: [n], the filled bin of each example.
    """

    count: Floats
    claimed: Floats
    right: Floats
    members: Indices

    @property
    def share(self) -> Floats:
        total: float = self.count.sum()
        return self.count / total


def corrected_error(
    sample: Sample,
    *,
    dependence: Dependence | None = None,
    bins: int = 10,
    repetitions: int = 1000,
    seed: int = 0,
) -> CorrectedError:
    """Invert ECE's sampling noise for sum_b (n_b / n) |P(correct in b) - confidence_b|, equal-width bins.

    Args:
        sample: one level.
        dependence: between examples that share texts (`dependence_of`); None: each is independent of all others,
            given the texts.
        bins: number of bins, as for ECE.
        repetitions: simulated sets for each candidate truth.
        seed: of the simulation.
    """
    members = equal_width(sample.confidence, bins)  # [n]
    sums = bin_sums(once(sample, bins), members)  # each [1, bins]
    inside = sums.size[0] > 0  # [bins]
    count, claimed, right = (row[0, inside] for row in sums)  # each [b]
    filled = _Bins(count, claimed / count, right / count, (inside.cumsum() - 1)[members])
    gaps = filled.right - filled.claimed  # [b]
    observed = float((filled.share * np.abs(gaps)).sum())
    alike = np.where(gaps > 0, 1.0, -1.0)
    proportional = gaps / observed if observed > 0 else alike
    size = float(count.sum())
    uniforms = None
    if dependence is not None:
        random = np.random.default_rng(seed)
        clusters, correlation = dependence.clusters, dependence.correlation
        uniforms = dependent_uniforms(clusters, correlation, repetitions, random)  # [R, n]
        size = effective_size(clusters, correlation)
    # ECE has a standard deviation of at most .5 / sqrt(n), so no truth beyond four of them can pass.
    sizes = np.linspace(0.0, observed + 2.0 / np.sqrt(size), GRID)  # [GRID]

    def candidates(shape: Floats) -> Candidates:
        accuracy = np.clip(filled.claimed + sizes[:, None] * shape, 0.0, 1.0)  # [GRID, b]
        if uniforms is None:
            correct = _independent(filled, accuracy, repetitions, seed)
        else:
            correct = _dependent(filled, accuracy, uniforms)  # [GRID, R, b], either way
        return _candidates(filled, observed, accuracy, correct)

    return CorrectedError(observed, candidates(proportional), candidates(alike))


def _independent(bins: _Bins, accuracy: Floats, repetitions: int, seed: int) -> Floats:
    """Numbers right [GRID, R, b] for independent answers."""
    return (
        np.random.default_rng(seed)
        .binomial(
            bins.count.astype(np.int64),
            accuracy[:, None],
            size=(len(accuracy), repetitions, len(bins.count)),
        )
        .astype(np.float64)
    )


def _dependent(bins: _Bins, accuracy: Floats, uniforms: Floats) -> Floats:
    """Numbers right [GRID, R, b]: an answer is right if its number in `uniforms` [R, n] is below its bin's rate."""
    inside = (bins.members[:, None] == np.arange(len(bins.count))).astype(np.float64)  # [n, b]
    # Of each size: [R, n] @ [n, b].
    return np.stack([(uniforms < rates[bins.members]) @ inside for rates in accuracy])


def _candidates(bins: _Bins, observed: float, accuracy: Floats, correct: Floats) -> Candidates:
    """Shares of simulated ECE above and below the observed one, under `accuracy` [GRID, b] of the bins."""
    simulated = np.abs(correct / bins.count - bins.claimed) @ bins.share  # [GRID, R]
    return Candidates(
        truth=(bins.share * np.abs(accuracy - bins.claimed)).sum(axis=1),
        # Both are monotone except for the noise of the simulation, which is removed.
        at_least=np.maximum.accumulate((simulated >= observed - 1e-12).mean(axis=1)),
        at_most=np.minimum.accumulate((simulated <= observed + 1e-12).mean(axis=1)),
    )


def _crossing(rising: Floats, level: float, truth: Floats) -> float:
    """The truth at which an ascending curve reaches `level`; 0 where it starts above."""
    return float(np.interp(level, rising, truth)) if rising[0] < level else 0.0
