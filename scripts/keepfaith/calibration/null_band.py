"""Null band: the scores of a perfectly calibrated model with the same probabilities, the floor of every metric.

With few examples a calibrated model does not score 0: label noise alone produces gaps. Labels are simulated from
the level's own probabilities (so the prediction is right with probability = confidence), and the metric
is computed on each simulated set. Where examples share texts, correctness is drawn with the dependence within a text
that the labels admit.

A temperature is itself fitted on few examples. After one, the band also contains what other fits of it would score,
from redrawn labels of the tuning examples: the noise of the fit is no miscalibration.
"""

from dataclasses import dataclass

import numpy as np

from keepfaith.calibration.dependence import Dependence, dependent_uniforms
from keepfaith.calibration.draws import Draws, relabelled
from keepfaith.calibration.probabilities import Floats, Indices, Sample
from keepfaith.calibration.temperature import tempered
from keepfaith.plugins.metric import PREDICTION_METRICS

_FITS = 50
"""Temperatures that stand for all fits."""


@dataclass(frozen=True)
class NullBand:
    """Central interval and mean of a metric under perfect calibration."""

    low: float
    mean: float
    high: float


def simulated_labels(probabilities: Floats, uniforms: Floats) -> Indices:
    """Labels [R, n] drawn from probabilities [n, m] by inverting `uniforms` [R, n] in [0, 1)."""
    cumulated = probabilities.cumsum(axis=1)
    # The last real choice takes the remaining probability: rounding must not draw a choice that does not exist.
    last = probabilities.shape[1] - 1 - (probabilities[:, ::-1] > 0).argmax(axis=1)
    cumulated[np.arange(probabilities.shape[1]) >= last[:, None]] = 1.0
    labels = np.zeros(uniforms.shape, dtype=np.int64)
    for option in range(probabilities.shape[1] - 1):
        labels += uniforms >= cumulated[:, option]
    return labels


def _right_together(sample: Sample, uniforms: Floats) -> Indices:
    """Labels [R, n] as `simulated_labels`, where small `uniforms` [R, n] mean that the prediction is right.

    So examples of one text that share a number are right together, whatever the index of their right choice.
    """
    options = sample.probabilities.shape[1]
    order = (sample.prediction[:, None] + np.arange(options)) % options  # (n, m), prediction first
    turned = np.take_along_axis(sample.probabilities, order, axis=1)
    labels: Indices = (simulated_labels(turned, uniforms) + sample.prediction) % options
    return labels


def null_labels(
    sample: Sample, dependence: Dependence | None, repetitions: int, random: np.random.Generator
) -> Indices:
    """Labels [R, n] that a calibrated model with the probabilities of `sample` would meet."""
    if dependence is None:
        return simulated_labels(sample.probabilities, random.random((repetitions, sample.size)))
    uniforms = dependent_uniforms(dependence.clusters, dependence.correlation, repetitions, random)
    return _right_together(sample, uniforms)


def null_bands(
    sample: Sample,
    names: tuple[str, ...],
    *,
    dependence: Dependence | None = None,
    bins: int = 10,
    repetitions: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
    refitted: Floats | None = None,
) -> dict[str, NullBand]:
    """Null band of each metric in `names` (of `PREDICTION_METRICS`) for one level.

    The same seed gives all levels the same uniforms, so bands of two levels differ by their confidences only.
    A metric that is undefined in every simulated set has no band and is left out. `dependence`: between examples that
    share texts (`dependence_of`); None where all are independent. `refitted`: [T], where the sample has a fitted
    temperature, the factors between other fits and that one; each set of labels is scored under one of `_FITS`
    quantiles of them.
    """
    random = np.random.default_rng(seed)
    labels = null_labels(sample, dependence, repetitions, random)
    draws = _draws(sample, labels, bins, refitted)
    bands = {}
    for name in names:
        metric = PREDICTION_METRICS.load(name)
        values = np.concatenate(
            [np.broadcast_to(metric.values(part), (len(part.labels),)) for part in draws]
        )
        values = values[np.isfinite(values)]
        if len(values):
            tail = (1 - confidence) / 2
            low, high = np.quantile(values, [tail, 1 - tail])
            bands[name] = NullBand(float(low), float(values.mean()), float(high))
    return bands


def _draws(sample: Sample, labels: Indices, bins: int, refitted: Floats | None) -> list[Draws]:
    """`labels` [R, n] with the sample; or in parts, each with the sample under one quantile of `refitted`."""
    if refitted is None:
        return [relabelled(sample, labels, bins)]
    fits = min(_FITS, len(labels))
    temperatures = np.quantile(refitted, (np.arange(fits) + 0.5) / fits)
    return [
        relabelled(tempered(sample, temperature), part, bins)
        for temperature, part in zip(temperatures, np.array_split(labels, fits), strict=True)
    ]
