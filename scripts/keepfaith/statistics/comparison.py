"""Means over examples, level by level, each with its interval and its paired change against the dense level."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from keepfaith.calibration.probabilities import Floats, Indices
from keepfaith.statistics.bootstrap import (
    Interval,
    bca,
    expanded,
    leave_one_out,
    percentile,
    resamples,
    unskewed_t,
    weighted_means,
)
from keepfaith.statistics.confidence_curve import CURVE, FAR
from keepfaith.statistics.paired import sign_flip
from keepfaith.statistics.seed_noise import SeedNoise
from keepfaith.statistics.settings import Analysis

DENSE = 0
"""The level with which all others are compared."""

MetricRow = dict[str, object]
"""One row of METRICS by column; columns that are left out are null."""


@dataclass(frozen=True)
class Numbers:
    """The numeric columns of one METRICS row; None is null."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    seed_low: float | None = None
    seed_high: float | None = None
    reference_low: float | None = None
    reference_high: float | None = None
    change: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    p_value: float | None = None
    holm_low: tuple[float, ...] | None = None
    holm_high: tuple[float, ...] | None = None
    curve_low: tuple[float, ...] | None = None
    curve_high: tuple[float, ...] | None = None

    @property
    def change_steps(self) -> list[Interval]:
        """The change's intervals at `Comparison.confidences`; none without an interval."""
        low = (*(self.holm_low or ()), *(self.curve_low or ()))
        high = (*(self.holm_high or ()), *(self.curve_high or ()))
        return [Interval(*ends) for ends in zip(low, high, strict=True)]

    def row(self) -> dict[str, float | list[float] | None]:
        """The columns as a dict, undefined (NaN) as None."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _known(value) for name, value in found.items()}


def _known(value: float | tuple[float, ...] | None) -> float | list[float] | None:
    if isinstance(value, tuple):
        return list(value)
    return None if value is None or np.isnan(value) else float(value)


@dataclass(frozen=True)
class Comparison:
    """The same n examples at every level, with one set of resamples for all of them.

    Attributes:
        levels: K levels, ascending.
        clusters: [n], examples of one cluster are drawn together.
        analysis: draws and confidence.
    """

    levels: Sequence[int]
    clusters: Indices
    analysis: Analysis

    @cached_property
    def weights(self) -> Floats:
        """[R, n], resamples."""
        return resamples(self.clusters, self.analysis.repetitions, self.analysis.seed)

    @property
    def cluster_count(self) -> int:
        """Number of clusters."""
        return len(np.unique(self.clusters))

    @property
    def dense(self) -> int | None:
        """Column of the dense level, or None if it was not run."""
        return list(self.levels).index(DENSE) if DENSE in self.levels else None

    def interval(self, replicates: Floats) -> Interval | None:
        """Percentile interval of replicates [R]."""
        return percentile(replicates, self.analysis.confidence)

    def row(self, level: int, family: str, metric: str, numbers: Numbers) -> MetricRow:
        """The row of METRICS of one metric of these examples."""
        return {
            "level": level,
            "family": family,
            "metric": metric,
            "examples": len(self.clusters),
            "clusters": self.cluster_count,
            **numbers.row(),
        }

    @property
    def confidences(self) -> tuple[float, ...]:
        """Those of a change: the steps of Holm's correction, 1 - alpha, 1 - alpha / 2, ..., and then `CURVE`."""
        pruned = max(len(self.levels) - (self.dense is not None), 1)
        alpha = 1 - self.analysis.confidence
        steps = (1 - alpha / step for step in range(2, pruned + 1))
        return (self.analysis.confidence, *steps, *CURVE)

    def of_means(
        self,
        values: Floats,
        own_noise: SeedNoise | None = None,
        change_noise: SeedNoise | None = None,
    ) -> list[Numbers]:
        """One `Numbers` per level for the mean of `values` [n, K] over examples.

        Intervals are BCa bootstrap intervals with quantiles of t (`expanded`); in the far tails of the curve, not
        narrower than t intervals without skewness (`confidence_curve`). P-values those of the sign-flip test of the
        paired difference. The dense level's own change is 0 without interval or p-value.

        Args:
            values: by example and level.
            own_noise: of the seeds, in the means; intervals are wider by its share of their variance.
            change_noise: the same, in the changes against the dense level.
        """
        own = self._intervals(values, [self.analysis.confidence], own_noise)
        centre = values.mean(axis=0)
        rows = [
            Numbers(value=x, low=low, high=high)
            for x, low, high in zip(centre, own.low[0], own.high[0], strict=True)
        ]
        if self.dense is None:
            return rows
        differences = values - values[:, [self.dense]]
        change = self._intervals(differences, self.confidences, change_noise, FAR)
        p_values = sign_flip(
            differences, self.clusters, self.analysis.repetitions, self.analysis.seed
        )
        if change_noise is not None and self.cluster_count > 1:
            p_values = change_noise.p_values(p_values, change.variance, self.cluster_count)
        return [
            replace(row, change=0.0)
            if k == self.dense
            else replace(
                row,
                change=centre[k] - centre[self.dense],
                p_value=p_values[k],
                **with_steps(change.low[:, k], change.high[:, k]),
            )
            for k, row in enumerate(rows)
        ]

    def _intervals(
        self, values: Floats, confidences: Sequence[float], noise: SeedNoise | None, far: int = 0
    ) -> "_Intervals":
        """Of the means of `values` [n, K]; the last `far` confidences are beyond what resamples alone can tell."""
        centre = values.mean(axis=0)
        without = leave_one_out(values, self.clusters)
        units = self.cluster_count
        nominal = [expanded(confidence, units) for confidence in confidences]
        low, high = bca(weighted_means(values, self.weights), centre, without, nominal)
        if far and units > 1:
            ends = unskewed_t(centre, without, confidences[-far:])
            low[-far:], high[-far:] = (
                np.minimum(low[-far:], ends[0]),
                np.maximum(high[-far:], ends[1]),
            )
        variance = (units - 1) * without.var(axis=0) if units > 1 else np.zeros_like(centre)
        if noise is not None and units > 1:
            for step, confidence in enumerate(confidences):
                ends = low[step], high[step]
                low[step], high[step] = noise.widened(centre, ends, variance, units, confidence)
        return _Intervals(low, high, variance)


class _Intervals(NamedTuple):
    """Lower and upper ends [C, K] at C confidences, and the jackknife variances [K] of the means."""

    low: Floats
    high: Floats
    variance: Floats


def with_steps(low: Sequence[float] | Floats, high: Sequence[float] | Floats) -> dict[str, Any]:
    """The columns of a change's interval, from its ends at `Comparison.confidences`."""
    lows, highs = (tuple(float(end) for end in ends) for ends in (low, high))
    steps = len(lows) - len(CURVE)
    return {
        "change_low": lows[0],
        "change_high": highs[0],
        "holm_low": lows[:steps],
        "holm_high": highs[:steps],
        "curve_low": lows[steps:],
        "curve_high": highs[steps:],
    }
