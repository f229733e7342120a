"""Means over examples, level by level, each with its interval and its paired change against the dense level."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from keepfaith.calibration.probabilities import Floats, Indices
from keepfaith.statistics.bootstrap import Interval, percentile, resamples, weighted_means
from keepfaith.statistics.paired import sign_flip
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

    def row(self) -> dict[str, float | None]:
        """The columns as a dict, undefined (NaN) as None."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: None if x is None or np.isnan(x) else float(x) for name, x in found.items()}


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

    def of_means(self, values: Floats) -> list[Numbers]:
        """One `Numbers` per level for the mean of `values` [n, K] over examples.

        Intervals are percentile bootstrap intervals; p-values those of the sign-flip test of the paired difference.
        The dense level's own change is 0 without interval or p-value.
        """
        replicates = weighted_means(values, self.weights)
        centre = values.mean(axis=0)
        own = [self.interval(column) or Interval(np.nan, np.nan) for column in replicates.T]
        if self.dense is None:
            return [Numbers(x, *ends) for x, ends in zip(centre, own, strict=True)]
        differences = values - values[:, [self.dense]]
        changes = replicates - replicates[:, [self.dense]]
        p_values = sign_flip(
            differences, self.clusters, self.analysis.repetitions, self.analysis.seed
        )
        found = []
        for k in range(len(self.levels)):
            change = self.interval(changes[:, k]) if k != self.dense else None
            found.append(
                Numbers(
                    value=centre[k],
                    low=own[k].low,
                    high=own[k].high,
                    change=centre[k] - centre[self.dense],
                    change_low=change.low if change else None,
                    change_high=change.high if change else None,
                    p_value=p_values[k] if k != self.dense else None,
                )
            )
        return found
