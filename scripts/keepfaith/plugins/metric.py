"""Metrics of predictions: accuracy and calibration, one file each in `calibration/metrics/`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from keepfaith.plugins.registry import Registry

if TYPE_CHECKING:
    from keepfaith.calibration.draws import Draws
    from keepfaith.calibration.probabilities import Floats

MetricFamily = Literal["accuracy", "calibration"]
Better = Literal["higher", "lower", "neither"]
OfDraws: TypeAlias = "Callable[[Draws], Floats]"


@dataclass(frozen=True)
class Metric:
    """One number about a sample; its name is that of its file.

    Attributes:
        family: as in the METRICS table.
        better: direction of improvement; "neither" for a description such as the mean confidence.
        citation: source of the definition.
        values: the metric [R] of every repetition; NaN where it is undefined.
        per_example: [R or 1, n] whose weighted mean is the metric, or None where it is not a mean over examples.
        noise_adds: label noise biases it in one direction (it sums distances), so its bootstrap misleads.
        reads_labels: whether it depends on labels; only then does it have a null band.
    """

    family: MetricFamily
    better: Better
    citation: str
    values: OfDraws
    per_example: OfDraws | None = None
    noise_adds: bool = False
    reads_labels: bool = True


def mean_metric(
    per_example: OfDraws,
    *,
    family: MetricFamily = "calibration",
    better: Better,
    citation: str,
    reads_labels: bool = True,
) -> Metric:
    """The metric that is the weighted mean of `per_example` values [R or 1, n]."""

    def values(draws: Draws) -> Floats:
        return draws.mean(per_example(draws))

    return Metric(family, better, citation, values, per_example, reads_labels=reads_labels)


PREDICTION_METRICS = Registry("keepfaith.calibration.metrics", "METRIC", Metric, "metric")
"""All metrics of predictions by name."""
