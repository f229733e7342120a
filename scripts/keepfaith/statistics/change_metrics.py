"""Rows of METRICS about what changed against the dense level, example by example: 0 where nothing did.

Accuracy can stay as it is while the answers change: these see it (Dutta et al. 2024, "Accuracy is not all you need").
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from keepfaith.calibration.probabilities import Floats, Predicted, Sample
from keepfaith.plugins.metric import Better, MetricFamily
from keepfaith.statistics.bootstrap import Interval, weighted_rank
from keepfaith.statistics.clusters import all_single
from keepfaith.statistics.comparison import DENSE, Comparison, MetricRow, Numbers, with_steps
from keepfaith.statistics.proportions import wilson

_DUTTA = "Dutta et al. 2024"


@dataclass(frozen=True)
class ChangeMetric:
    """What changed between the dense level and another, over examples; 0 for the dense level itself.

    Attributes:
        family, better, citation: as of `Metric`.
        values: [n] of each example, from the dense level and another one.
        counted: [n], the examples over which the mean is taken; None: all.
        share: None: the mean over examples; otherwise the least value that this share of them does not exceed.
    """

    family: MetricFamily
    better: Better
    citation: str
    values: Callable[[Sample, Sample], Floats]
    counted: Callable[[Sample, Sample], Floats] | None = None
    share: float | None = None


def flipped(dense: Sample, level: Sample) -> Floats:
    """[n], 1.0 where the two predict different choices."""
    return np.not_equal(dense.prediction, level.prediction).astype(np.float64)


def divergence(one: Sample, other: Sample) -> Floats:
    """[n], Kullback-Leibler divergence KL(one, other) in nats: the mean under `one` of log one - log other."""
    real = one.probabilities > 0
    ratios = np.subtract(
        one.log_probabilities, other.log_probabilities, out=np.zeros(real.shape), where=real
    )
    # Rounding must not make it negative.
    found: Floats = np.maximum((one.probabilities * ratios).sum(axis=1), 0.0)
    return found


def _of_dense(dense: Sample, level: Sample) -> Floats:
    return divergence(level, dense)


def _confidence_change(dense: Sample, level: Sample) -> Floats:
    return np.abs(level.confidence - dense.confidence)


CHANGE_METRICS = {
    "flips": ChangeMetric("accuracy", "lower", _DUTTA, flipped),
    "kl_dense_level": ChangeMetric("calibration", "lower", _DUTTA, divergence),
    "kl_dense_level_p95": ChangeMetric(
        "calibration", "lower", "95th percentile of kl_dense_level", divergence, share=0.95
    ),
    "kl_level_dense": ChangeMetric("calibration", "lower", _DUTTA, _of_dense),
    "kl_level_dense_p95": ChangeMetric(
        "calibration", "lower", "95th percentile of kl_level_dense", _of_dense, share=0.95
    ),
    "silent_change": ChangeMetric(
        "calibration",
        "lower",
        "mean absolute change of the confidence where the prediction stays",
        _confidence_change,
        lambda dense, level: 1 - flipped(dense, level),
    ),
}
"""All of them by name."""


def change_rows(predicted: Predicted, comparison: Comparison) -> list[MetricRow]:
    """One row per metric of `CHANGE_METRICS` and level; none where the dense level was not run.

    Each value is a change already, so the columns of the change repeat it. There is no p-value: no value is below 0, so
    that "no change" is not what examples could contradict.
    """
    if comparison.dense is None:
        return []
    samples = [predicted.levels[level] for level in comparison.levels]
    dense = samples[comparison.dense]
    series = {}
    for name, metric in CHANGE_METRICS.items():
        values = np.stack([metric.values(dense, sample) for sample in samples], axis=1)  # (n, K)
        if metric.share is not None:
            series[name] = _of_share(values, metric.share, comparison)
        elif metric.counted is None:
            series[name] = comparison.of_means(values)
        else:
            counted = np.stack([metric.counted(dense, sample) for sample in samples], axis=1)
            series[name] = _of_counted(values, counted, comparison)
    series["flips"] = _with_wilson(series["flips"], len(predicted.labels), comparison)
    return [
        comparison.row(
            level, CHANGE_METRICS[name].family, name, _without_test(numbers, dense=level == DENSE)
        )
        for name, of_levels in series.items()
        for level, numbers in zip(comparison.levels, of_levels, strict=True)
    ]


def _of_counted(values: Floats, counted: Floats, comparison: Comparison) -> list[Numbers]:
    """Means of `values` [n, K] over the `counted` [n, K] examples of each level, with percentile intervals.

    A resample without any counted example is left out; a level without any has no value.
    """
    weights = comparison.weights
    with np.errstate(invalid="ignore"):
        centre = (values * counted).sum(axis=0) / counted.sum(axis=0)
        replicates = (weights @ (values * counted)) / (weights @ counted)  # (R, K)
    return [
        _of_replicates(value, column, comparison)
        for value, column in zip(centre, replicates.T, strict=True)
    ]


def _of_share(values: Floats, share: float, comparison: Comparison) -> list[Numbers]:
    """The least of `values` [n, K] at each level that `share` of them do not exceed, with percentile intervals."""
    ranks = share * comparison.weights.sum(axis=1) - 1e-9  # the lower one where a rank is whole
    return [
        _of_replicates(
            float(np.quantile(column, share, method="inverted_cdf")),
            weighted_rank(column, comparison.weights, ranks),
            comparison,
        )
        for column in values.T
    ]


def _of_replicates(value: float, replicates: Floats, comparison: Comparison) -> Numbers:
    """A change with the percentile interval of its `replicates` [R]."""
    low, high = comparison.interval(replicates) or (None, None)
    return Numbers(value, low, high, change=value, change_low=low, change_high=high)


def _with_wilson(rows: list[Numbers], size: int, comparison: Comparison) -> list[Numbers]:
    """The score interval of a share, or the smallest interval that also contains the bootstrap's where texts repeat."""
    found = []
    for row in rows:
        count = round((row.value or 0.0) * size)
        steps = [wilson(count, size, each) for each in comparison.confidences]
        if not all_single(comparison.clusters):
            steps = [
                Interval(min(one.low, other.low), max(one.high, other.high))
                for one, other in zip(steps, row.change_steps or steps, strict=True)
            ]
        # The value is the change, and the first step has the confidence of its interval.
        found.append(
            replace(
                row, low=steps[0].low, high=steps[0].high, **with_steps(*zip(*steps, strict=True))
            )
        )
    return found


def _without_test(numbers: Numbers, *, dense: bool) -> Numbers:
    """No p-value; of the dense level no interval either."""
    if dense:
        return Numbers(value=0.0, change=0.0)
    return replace(numbers, p_value=None)
