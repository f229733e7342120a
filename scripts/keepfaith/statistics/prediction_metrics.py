"""Rows of METRICS from predictions: accuracy and calibration."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from keepfaith.calibration.dependence import Dependence, dependence_of
from keepfaith.calibration.draws import once, reweighted
from keepfaith.calibration.exact_error import exact_error, probability_right
from keepfaith.calibration.interval import CorrectedError, corrected_error
from keepfaith.calibration.null_band import null_bands
from keepfaith.calibration.probabilities import Floats, Predicted
from keepfaith.plugins.metric import PREDICTION_METRICS, Metric
from keepfaith.statistics.bootstrap import Interval, percentiles, two_sided
from keepfaith.statistics.clusters import all_single
from keepfaith.statistics.comparison import Comparison, MetricRow, Numbers, with_steps
from keepfaith.statistics.error_change import ErrorChange
from keepfaith.statistics.proportions import mcnemar, tango, wilson

Series = dict[str, list[Numbers]]
"""The numbers of each metric at every level."""


def prediction_rows(predicted: Predicted, comparison: Comparison) -> list[MetricRow]:
    """One row per metric and level; see METRICS for the columns."""
    metrics = PREDICTION_METRICS.all()
    series, errors = _with_errors(tuple(metrics), predicted, comparison, {})
    series["accuracy"] = _accuracy(series["accuracy"], predicted, comparison)
    families: dict[str, str] = {name: metric.family for name, metric in metrics.items()}
    if predicted.posterior is not None:
        exact = _exact(predicted, predicted.posterior, errors, comparison)
        series |= exact
        families |= {name: "accuracy" for name in exact if name.endswith("accuracy")}
    return [
        comparison.row(level, families.get(name, "calibration"), name, numbers)
        for name, of_levels in series.items()
        for level, numbers in zip(comparison.levels, of_levels, strict=True)
    ]


def numbers_of(name: str, predicted: Predicted, comparison: Comparison) -> list[Numbers]:
    """One metric of the registry at every level, without its reference; accuracy with score intervals, and guessing."""
    rows = _registered(PREDICTION_METRICS.load(name), predicted, comparison)
    return _accuracy(rows, predicted, comparison) if name == "accuracy" else rows


def calibration_series(
    names: tuple[str, ...],
    predicted: Predicted,
    comparison: Comparison,
    refitted: Mapping[int, Floats],
) -> Series:
    """Metrics of `PREDICTION_METRICS`, `ece` among them, and `ece_corrected`, as `prediction_rows` computes them.

    `refitted`: by level, how other fits of its temperature differ (`null_bands`).
    """
    series, _ = _with_errors(names, predicted, comparison, refitted)
    return series


def _with_errors(
    names: tuple[str, ...],
    predicted: Predicted,
    comparison: Comparison,
    refitted: Mapping[int, Floats],
) -> tuple[Series, list[CorrectedError]]:
    """Metrics with intervals, changes and null bands, and the estimates of the true calibration error."""
    series: Series = {
        name: _registered(PREDICTION_METRICS.load(name), predicted, comparison) for name in names
    }
    dependences = {
        level: dependence_of(predicted.levels[level], comparison.clusters)
        for level in comparison.levels
    }
    _add_null_bands(series, predicted, comparison, dependences, refitted)
    errors = _corrected_errors(predicted, comparison, dependences)
    _add_corrected_error(series, errors, comparison)
    return series, errors


def _registered(metric: Metric, predicted: Predicted, comparison: Comparison) -> list[Numbers]:
    """A metric of the registry at every level."""
    bins = comparison.analysis.bins
    samples = [predicted.levels[level] for level in comparison.levels]
    if metric.per_example is not None:
        columns = [
            np.broadcast_to(metric.per_example(once(sample, bins)), (1, sample.size))[0]
            for sample in samples
        ]
        return comparison.of_means(np.stack(columns, axis=1))
    values = [float(metric.values(once(sample, bins))[0]) for sample in samples]
    dense = comparison.dense
    found = [Numbers(x, change=None if dense is None else x - values[dense]) for x in values]
    if metric.noise_adds:
        return found
    weights = comparison.weights
    replicates = [metric.values(reweighted(sample, weights, bins)) for sample in samples]
    for k, row in enumerate(found):
        own = comparison.interval(replicates[k])
        row = replace(row, low=own.low, high=own.high) if own else row
        if dense is not None and k != dense:
            changes = replicates[k] - replicates[dense]
            if ends := percentiles(changes, comparison.confidences):
                row = replace(row, p_value=two_sided(changes), **with_steps(*ends))
        found[k] = row
    return found


def _accuracy(rows: list[Numbers], predicted: Predicted, comparison: Comparison) -> list[Numbers]:
    """Accuracy with score intervals and McNemar's exact test, and guessing as its reference.

    Where texts repeat, examples are dependent: the wider of score and cluster bootstrap interval is used, and
    the sign-flip test over clusters.
    """
    single = all_single(comparison.clusters)
    confidence = comparison.analysis.confidence
    correct = [predicted.levels[level].correct for level in comparison.levels]
    found = []
    for k, row in enumerate(rows):
        own = wilson(int(correct[k].sum()), len(correct[k]), confidence)
        own = own if single else _hull(own, row.low, row.high)
        row = replace(
            row,
            low=own.low,
            high=own.high,
            reference_low=predicted.guessing,
            reference_high=predicted.guessing,
        )
        if comparison.dense is not None and k != comparison.dense:
            before = correct[comparison.dense]
            gained, lost = int((correct[k] & ~before).sum()), int((before & ~correct[k]).sum())
            steps = [tango(gained, lost, len(before), each) for each in comparison.confidences]
            if not single:
                pairs = zip(steps, row.change_steps, strict=True)
                steps = [_hull(step, *of_clusters) for step, of_clusters in pairs]
            row = replace(
                row,
                p_value=mcnemar(gained, lost) if single else row.p_value,
                **with_steps(*zip(*steps, strict=True)),
            )
        found.append(row)
    return found


def _add_null_bands(
    series: Series,
    predicted: Predicted,
    comparison: Comparison,
    dependences: Mapping[int, Dependence | None],
    refitted: Mapping[int, Floats],
) -> None:
    """The band of a calibrated model as the reference of every calibration metric that label noise moves."""
    analysis = comparison.analysis
    declared = {name: PREDICTION_METRICS.load(name) for name in series}
    names = tuple(
        name
        for name, metric in declared.items()
        if metric.family == "calibration" and metric.reads_labels
    )
    for k, level in enumerate(comparison.levels):
        bands = null_bands(
            predicted.levels[level],
            names,
            dependence=dependences[level],
            bins=analysis.bins,
            repetitions=analysis.null_repetitions,
            confidence=analysis.confidence,
            seed=analysis.seed,
            refitted=refitted.get(level),
        )
        for name, band in bands.items():
            series[name][k] = replace(
                series[name][k], reference_low=band.low, reference_high=band.high
            )


def _corrected_errors(
    predicted: Predicted, comparison: Comparison, dependences: Mapping[int, Dependence | None]
) -> list[CorrectedError]:
    """Estimate of the true calibration error of every level from the labels."""
    analysis = comparison.analysis
    return [
        corrected_error(
            predicted.levels[level],
            dependence=dependences[level],
            bins=analysis.bins,
            repetitions=analysis.simulations(len(comparison.levels)),
            seed=analysis.seed,
        )
        for level in comparison.levels
    ]


def _add_corrected_error(
    series: Series, errors: list[CorrectedError], comparison: Comparison
) -> None:
    """Intervals and changes of `ece`, and the series `ece_corrected`; both about the true binned error."""
    analysis, dense = comparison.analysis, comparison.dense
    series["ece_corrected"] = []
    for k, error in enumerate(errors):
        low, high = error.interval(analysis.confidence)
        numbers = Numbers(low=low, high=high)
        if dense is not None and k != dense:
            change = ErrorChange(
                errors[dense],
                error,
                analysis.simulations(len(comparison.levels)),
            )
            steps = [change.interval(each) for each in comparison.confidences]
            numbers = replace(
                numbers, p_value=change.p_value(), **with_steps(*zip(*steps, strict=True))
            )
        base = 0.0 if dense is None else errors[dense].value
        series["ece_corrected"].append(
            replace(
                numbers,
                value=error.value,
                change=None if dense is None else error.value - base,
            )
        )
        plug_in = series["ece"][k]
        series["ece"][k] = replace(
            numbers,
            value=plug_in.value,
            change=plug_in.change,
            reference_low=plug_in.reference_low,
            reference_high=plug_in.reference_high,
        )


def _exact(
    predicted: Predicted, posterior: Floats, errors: list[CorrectedError], comparison: Comparison
) -> Series:
    """Rows from the exact posterior: accuracy without label noise, the best possible one, and calibration error."""
    analysis = comparison.analysis
    samples = [predicted.levels[level] for level in comparison.levels]
    right = np.stack([probability_right(sample, posterior) for sample in samples], axis=1)
    best = np.broadcast_to(posterior.max(axis=1, keepdims=True), right.shape)
    series = {
        "exact_accuracy": comparison.of_means(right),
        "bayes_accuracy": [replace(n, p_value=None) for n in comparison.of_means(best)],
        "exact_pointwise_error": comparison.of_means(
            np.abs(right - np.stack([sample.confidence for sample in samples], axis=1))
        ),
    }
    exact = [
        exact_error(
            sample,
            posterior,
            estimated,
            bins=analysis.bins,
            repetitions=analysis.null_repetitions,
            confidence=analysis.confidence,
            seed=analysis.seed,
        )
        for sample, estimated in zip(samples, errors, strict=True)
    ]
    dense = comparison.dense
    series["exact_calibration_error"] = [
        Numbers(
            value=error.value,
            low=error.low,
            high=error.high,
            reference_low=error.plug_in_low,
            reference_high=error.plug_in_high,
            change=None if dense is None else error.value - exact[dense].value,
        )
        for error in exact
    ]
    return series


def _hull(interval: Interval, low: float | None, high: float | None) -> Interval:
    """The smallest interval that contains both."""
    return Interval(
        interval.low if low is None else min(interval.low, low),
        interval.high if high is None else max(interval.high, high),
    )
