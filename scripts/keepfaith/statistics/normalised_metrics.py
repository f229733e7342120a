"""Rows of METRICS under log-likelihoods that are divided by the length of the choice: `accuracy_by_byte` and others.

They are there whatever the study judges; where that is not the sums, so are those of the sums, `accuracy_by_sum`.
"""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from keepfaith.calibration.dependence import dependence_of
from keepfaith.calibration.normalised import LENGTH_UNITS, by_length
from keepfaith.calibration.null_band import null_bands
from keepfaith.calibration.probabilities import Predicted, predicted
from keepfaith.config.probabilities import SUM, ProbabilityUnit
from keepfaith.plugins.metric import PREDICTION_METRICS
from keepfaith.statistics.comparison import Comparison, MetricRow, Numbers
from keepfaith.statistics.prediction_metrics import numbers_of

_ALL = ("accuracy", "mean_confidence", "ece")

SHOWN_BY_UNIT: Mapping[ProbabilityUnit, tuple[str, ...]] = {
    SUM: _ALL,
    "token": _ALL,
    "byte": _ALL,
    # Equal to that by byte unless texts have letters beyond ASCII.
    "character": ("accuracy",),
}
"""Metrics that are also computed by each unit."""

NORMALISED_METRICS = {
    f"{metric}_by_{unit}": (metric, unit)
    for unit, metrics in SHOWN_BY_UNIT.items()
    for metric in metrics
}
"""Metric of the registry and unit, by the name of their rows."""

HARNESS_NAMES = {
    "accuracy_by_sum": "lm-evaluation-harness, acc",
    "accuracy_by_byte": "lm-evaluation-harness, acc_bytes",
    "accuracy_by_character": "lm-evaluation-harness, acc_norm",
}
"""What lm-evaluation-harness calls the same number."""


def predicted_by_unit(
    predictions: pl.DataFrame, examples: pl.DataFrame, judged: ProbabilityUnit
) -> dict[ProbabilityUnit, Predicted]:
    """The samples of all levels by each unit of length, and by the sums where another unit is `judged`.

    A unit in which the lengths are unknown is left out.
    """
    evaluated = examples.filter("evaluation")
    tables: dict[ProbabilityUnit, pl.DataFrame | None] = {
        unit: by_length(predictions, evaluated, unit) for unit in LENGTH_UNITS
    }
    if judged != SUM:
        tables[SUM] = predictions
    return {unit: predicted(table, examples) for unit, table in tables.items() if table is not None}


def normalised_rows(
    by_unit: Mapping[ProbabilityUnit, Predicted], comparison: Comparison
) -> list[MetricRow]:
    """One row per metric of `NORMALISED_METRICS` and level; ECE without an interval, as label noise biases it."""
    return [
        comparison.row(level, PREDICTION_METRICS.load(metric).family, name, numbers)
        for name, (metric, unit) in NORMALISED_METRICS.items()
        if unit in by_unit
        for level, numbers in zip(
            comparison.levels, _numbers(metric, by_unit[unit], comparison), strict=True
        )
    ]


def _numbers(metric: str, found: Predicted, comparison: Comparison) -> list[Numbers]:
    """The metric at every level; ECE with its null band."""
    rows = numbers_of(metric, found, comparison)
    if metric != "ece":
        return rows
    analysis = comparison.analysis
    for k, level in enumerate(comparison.levels):
        sample = found.levels[level]
        band = null_bands(
            sample,
            (metric,),
            dependence=dependence_of(sample, comparison.clusters),
            bins=analysis.bins,
            repetitions=analysis.null_repetitions,
            confidence=analysis.confidence,
            seed=analysis.seed,
        )[metric]
        rows[k] = replace(rows[k], reference_low=band.low, reference_high=band.high)
    return rows
