"""Rows of METRICS on conformal sets: how many choices a level must offer to hold the right one nine times in ten.

For tasks whose examples have three choices or more. The threshold of a level comes from tuning examples; intervals
contain its noise, as tuning and evaluation examples are resampled together.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from keepfaith.calibration.conformal import (
    COVERAGE,
    coverage_band,
    covered,
    label_scores,
    rank_of,
    set_sizes,
    threshold,
)
from keepfaith.calibration.probabilities import Floats, Predicted, Sample, predicted
from keepfaith.plugins.metric import Better
from keepfaith.statistics.bootstrap import resamples, two_sided, weighted_rank
from keepfaith.statistics.clusters import MINIMUM_CLUSTERS, all_single, group_examples
from keepfaith.statistics.comparison import Comparison, MetricRow, Numbers
from keepfaith.statistics.settings import Analysis

SET_SIZE, SET_COVERAGE = "conformal_set_size", "conformal_coverage"
FEWEST_CHOICES = 3
"""With two choices a set says no more than the probability does."""


@dataclass(frozen=True)
class ConformalMetric:
    """A row on conformal sets; `better` and `citation` as of `Metric`."""

    better: Better
    citation: str = f"Sadinle, Lei and Wasserman 2019, LAC at {COVERAGE:g}"


CONFORMAL_METRICS = {SET_SIZE: ConformalMetric("lower"), SET_COVERAGE: ConformalMetric("neither")}
"""Both by name."""


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of every level from tuning examples.

    Attributes:
        values: by level.
        replicates: by level, [R], of resampled tuning examples, the same ones at every level.
        examples: number of tuning examples.
        clusters: number of independent texts among them.
    """

    values: dict[int, float]
    replicates: dict[int, Floats]
    examples: int
    clusters: int


def fitted_thresholds(
    predictions: pl.DataFrame, examples: pl.DataFrame, passage: str | None, analysis: Analysis
) -> Thresholds | None:
    """Thresholds of all levels; None without tuning examples, or where an example has fewer than three choices.

    Args:
        predictions: TUNING_PREDICTIONS.
        examples: EXAMPLES.
        passage: as for `group_examples`.
        analysis: draws, and the probabilities that are judged.

    Raises:
        ValueError: as `predicted`.
    """
    tuning = examples.filter("tuning")
    least = examples.filter(pl.col("tuning") | pl.col("evaluation"))["options"].list.len().min()
    if tuning.is_empty() or not isinstance(least, int) or least < FEWEST_CHOICES:
        return None
    found = predicted(predictions, tuning, "tuning", analysis.probabilities)
    grouping = group_examples(tuning, passage)
    # Of crossing texts those of which there are fewest: the widest interval.
    grouping = min((grouping, *grouping.crossing), key=lambda each: each.clusters)
    # Other draws than those of the evaluation examples.
    clusters = grouping.of(list(found.example_ids))
    weights = resamples(clusters, analysis.repetitions, analysis.seed + 1)
    ranks = rank_of(weights.sum(axis=1))
    scores = {level: label_scores(sample) for level, sample in found.levels.items()}
    return Thresholds(
        {level: threshold(of_level) for level, of_level in scores.items()},
        {level: weighted_rank(of_level, weights, ranks) for level, of_level in scores.items()},
        len(found.labels),
        grouping.clusters,
    )


def conformal_rows(
    found: Predicted, thresholds: Thresholds, comparison: Comparison
) -> list[MetricRow]:
    """Rows of the mean set size and of the coverage, at every level.

    Args:
        found: evaluation examples at every level.
        thresholds: of the same levels.
        comparison: of `found`.
    """
    series = {
        SET_SIZE: _series(set_sizes, found, thresholds, comparison),
        SET_COVERAGE: _with_band(
            _series(covered, found, thresholds, comparison), thresholds, comparison
        ),
    }
    return [
        comparison.row(level, "calibration", name, numbers)
        for name, of_levels in series.items()
        for level, numbers in zip(comparison.levels, of_levels, strict=True)
    ]


def _series(
    values: Callable[[Sample, float], Floats],
    found: Predicted,
    thresholds: Thresholds,
    comparison: Comparison,
) -> list[Numbers]:
    """Mean of `values` at every level, with percentile intervals over resamples of tuning and evaluation examples."""
    weights, dense = comparison.weights, comparison.dense
    shares = weights / weights.sum(axis=1, keepdims=True)  # [R, n]
    means, replicates = [], []
    for level in comparison.levels:
        sample = found.levels[level]
        means.append(float(values(sample, thresholds.values[level]).mean()))
        pairs = zip(shares, thresholds.replicates[level], strict=True)
        replicates.append(np.array([share @ values(sample, q) for share, q in pairs]))
    rows = []
    for k, mean in enumerate(means):
        row = Numbers(mean, change=None if dense is None else mean - means[dense])
        if thresholds.clusters >= MINIMUM_CLUSTERS:
            own = comparison.interval(replicates[k])
            row = replace(row, low=own.low, high=own.high) if own else row
            if dense is not None and k != dense:
                changes = replicates[k] - replicates[dense]
                ends = comparison.interval(changes)
                row = replace(row, p_value=two_sided(changes))
                row = replace(row, change_low=ends.low, change_high=ends.high) if ends else row
        rows.append(row)
    return rows


def _with_band(
    rows: list[Numbers], thresholds: Thresholds, comparison: Comparison
) -> list[Numbers]:
    """With the coverage of exchangeable examples as the reference, where all are independent."""
    independent = thresholds.clusters == thresholds.examples and all_single(comparison.clusters)
    if not independent:
        return rows
    confidence = comparison.analysis.confidence
    low, high = coverage_band(thresholds.examples, len(comparison.clusters), confidence)
    return [replace(row, reference_low=low, reference_high=high) for row in rows]
