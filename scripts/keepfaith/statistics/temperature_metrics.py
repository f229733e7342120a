"""Rows of METRICS on the temperature of every level: how much of the calibration damage one number repairs.

Temperatures are fitted on tuning examples and applied to evaluation examples. The intervals of the latter are over
evaluation examples, with the temperatures as they are: at its minimum the NLL hardly depends on them. Null bands also
contain the noise of the fit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import polars as pl

from keepfaith.calibration.dependence import dependence_of
from keepfaith.calibration.draws import once
from keepfaith.calibration.null_band import null_labels
from keepfaith.calibration.probabilities import Floats, Predicted, Sample, predicted
from keepfaith.calibration.temperature import HIGHEST, LOWEST, temperature_of, tempered
from keepfaith.plugins.metric import PREDICTION_METRICS
from keepfaith.statistics.bootstrap import two_sided
from keepfaith.statistics.clusters import Grouping, group_examples
from keepfaith.statistics.comparison import DENSE, Comparison, MetricRow, Numbers
from keepfaith.statistics.prediction_metrics import calibration_series
from keepfaith.statistics.settings import Analysis

TEMPERATURE = "temperature"
NO_TUNING = (
    "No temperature is fitted, as this task has no tuning examples: whether one would repair its calibration is not "
    "known. Give the task a tuning split, or type a number for examples.tuning to take them from its evaluation split."
)

_FAMILY = "calibration"
_TEMPERED = ("brier", "ece", "nll")


@dataclass(frozen=True)
class Temperatures:
    """The temperature of every level, fitted on tuning examples.

    Attributes:
        values: by level.
        rows: their rows of METRICS; examples and clusters are those of the fit.
        field: the field whose text groups tuning examples, or None.
        refitted: by level, [R], other fits over this one, were the level calibrated by it.
    """

    values: dict[int, float]
    rows: list[MetricRow]
    field: str | None
    refitted: dict[int, Floats]


def fitted_temperatures(
    predictions: pl.DataFrame, examples: pl.DataFrame, passage: str | None, analysis: Analysis
) -> Temperatures | None:
    """Temperatures with intervals over tuning examples, as wide as under any grouping; None without such examples.

    Args:
        predictions: TUNING_PREDICTIONS.
        examples: EXAMPLES.
        passage: as for `group_examples`.
        analysis: draws, confidence and the probabilities that are judged.

    Raises:
        ValueError: as `predicted`, or a log-likelihood is NaN.
    """
    tuning = examples.filter("tuning")
    if tuning.is_empty():
        return None
    found = predicted(predictions, tuning, "tuning", analysis.probabilities)
    levels = list(found.levels)
    values = [
        float(temperature_of(sample, length=found.length)[0]) for sample in found.levels.values()
    ]
    grouping = group_examples(tuning, passage)
    groupings = (grouping, *grouping.crossing)
    numbers = [_numbers(found, values, each, analysis) for each in groupings]
    rows: list[MetricRow] = [
        {
            "level": level,
            "family": _FAMILY,
            "metric": TEMPERATURE,
            "examples": len(found.labels),
            "clusters": min(each.clusters for each in groupings),
            **reduce(_wider, of_level).row(),
        }
        for level, of_level in zip(levels, zip(*numbers, strict=True), strict=True)
    ]
    of_levels = dict(zip(levels, values, strict=True))
    refitted = {
        level: _refitted(found, level, temperature, groupings, analysis)
        for level, temperature in of_levels.items()
    }
    return Temperatures(of_levels, rows, grouping.field, refitted)


def _refitted(
    found: Predicted,
    level: int,
    temperature: float,
    groupings: Sequence[Grouping],
    analysis: Analysis,
) -> Floats:
    """Factors [R] between temperatures fitted on redrawn labels of a calibrated level and `temperature`.

    Of several groupings that under which they differ most.
    """
    sample = tempered(found.levels[level], temperature)
    factors = []
    for grouping in groupings:
        dependence = dependence_of(sample, grouping.of(list(found.example_ids)))
        # Not the uniforms of the evaluation examples' labels.
        random = np.random.default_rng([analysis.seed, 1])
        labels = null_labels(sample, dependence, analysis.null_repetitions, random)
        factors.append(temperature_of(sample, labels=labels))
    widest = max(factors, key=lambda each: float(each.std()))
    least, most = (bound / found.length / temperature for bound in (LOWEST, HIGHEST))
    return np.clip(widest, least, most)


def _numbers(
    found: Predicted, values: list[float], grouping: Grouping, analysis: Analysis
) -> list[Numbers]:
    """Temperature of every level with its interval and its change against the dense level's."""
    comparison = Comparison(list(found.levels), grouping.of(list(found.example_ids)), analysis)
    replicates = [
        temperature_of(found.levels[level], comparison.weights, found.length)
        for level in comparison.levels
    ]
    dense = comparison.dense
    numbers = []
    for k, value in enumerate(values):
        own = comparison.interval(replicates[k])
        row = Numbers(value, change=None if dense is None else value - values[dense])
        row = replace(row, low=own.low, high=own.high) if own else row
        if dense is not None and k != dense:
            changes = replicates[k] - replicates[dense]
            ends = comparison.interval(changes)
            row = replace(row, p_value=two_sided(changes))
            row = replace(row, change_low=ends.low, change_high=ends.high) if ends else row
        numbers.append(row)
    return numbers


def _wider(one: Numbers, other: Numbers) -> Numbers:
    """The same value with the wider ends and the larger p-value."""

    def of_both(choose: Callable[[float, float], float], name: str) -> float | None:
        ends = getattr(one, name), getattr(other, name)
        return None if None in ends else choose(*ends)

    lower: dict[str, Any] = {name: of_both(min, name) for name in ("low", "change_low")}
    upper: dict[str, Any] = {
        name: of_both(max, name) for name in ("high", "change_high", "p_value")
    }
    return replace(one, **lower, **upper)


def temperature_rows(
    found: Predicted, temperatures: Temperatures, comparison: Comparison
) -> list[MetricRow]:
    """Rows of the temperatures, of evaluation examples under them, and of the rise of NLL in two parts.

    Each metric is `<metric>_tempered` with the level's own temperature and `<metric>_tempered_as_dense` with the dense
    level's. `nll_lost` is the rise of NLL over the dense level where both have their own temperature, and
    `nll_repairable` the rest of the rise.

    Args:
        found: evaluation examples at every level.
        temperatures: of the same levels.
        comparison: of `found`.
    """
    fitted = temperatures.values
    series = _tempered_series(found, fitted, comparison, temperatures.refitted, "tempered")
    if comparison.dense is not None:
        as_dense = dict.fromkeys(comparison.levels, fitted[DENSE])
        refitted = dict.fromkeys(comparison.levels, temperatures.refitted[DENSE])
        series |= _tempered_series(found, as_dense, comparison, refitted, "tempered_as_dense")
    rows = list(temperatures.rows)
    for name, numbers in series.items():
        rows += _rows(name, dict(zip(comparison.levels, numbers, strict=True)), comparison)
    if comparison.dense is not None:
        parts = _parts(found, fitted, comparison, comparison.dense)
        for name, numbers in parts.items():
            of_level = dict(zip(comparison.levels, numbers, strict=True))
            rows += _rows(name, {k: v for k, v in of_level.items() if k != DENSE}, comparison)
    return rows


def _rows(name: str, numbers: dict[int, Numbers], comparison: Comparison) -> list[MetricRow]:
    return [comparison.row(level, _FAMILY, name, of_level) for level, of_level in numbers.items()]


def _tempered_series(
    found: Predicted,
    values: Mapping[int, float],
    comparison: Comparison,
    refitted: Mapping[int, Floats],
    suffix: str,
) -> dict[str, list[Numbers]]:
    """ECE, NLL and Brier score under the temperature of each level."""
    levels = {level: tempered(found.levels[level], values[level]) for level in comparison.levels}
    series = calibration_series(_TEMPERED, replace(found, levels=levels), comparison, refitted)
    return {f"{name}_{suffix}": series[name] for name in _TEMPERED}


def _parts(
    found: Predicted, values: dict[int, float], comparison: Comparison, dense: int
) -> dict[str, list[Numbers]]:
    """What is left of the rise of NLL with a temperature at both levels, and what is gone; they add up to the rise."""
    samples = [found.levels[level] for level in comparison.levels]
    raw = np.stack([_nll(sample) for sample in samples], axis=1)  # [n, K]
    own = [
        tempered(sample, values[level])
        for level, sample in zip(comparison.levels, samples, strict=True)
    ]
    left = np.stack([_nll(sample) for sample in own], axis=1)
    lost = left - left[:, [dense]]
    return {
        "nll_lost": comparison.of_means(lost),
        "nll_repairable": comparison.of_means(raw - raw[:, [dense]] - lost),
    }


def _nll(sample: Sample) -> Floats:
    """[n], NLL of each example."""
    per_example = PREDICTION_METRICS.load("nll").per_example
    if per_example is None:
        raise TypeError("metric nll is not a mean over examples")
    found: Floats = per_example(once(sample))[0]
    return found
