"""The registry of metrics: what each is called, which direction is better, and where it comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats

Better = Literal["higher", "lower", "neither"]
Values = Callable[[Draws], Floats]


@dataclass(frozen=True)
class Metric:
    """One number about a sample.

    Attributes:
        name: as in the METRICS table.
        family: "accuracy" or "calibration".
        better: direction of improvement; "neither" for a description such as the mean confidence.
        citation: where the definition comes from.
        values: the metric [R] of every repetition; NaN where it is undefined.
        per_example: [R or 1, n] whose weighted mean is the metric, or None where it is no mean over examples.
        noise_adds: label noise moves it one way (it adds up distances), so a bootstrap of it misleads.
    """

    name: str
    family: str
    better: Better
    citation: str
    values: Values
    per_example: Values | None = None
    noise_adds: bool = False


METRICS: dict[str, Metric] = {}


def mean_metric(
    name: str, *, family: str = "calibration", better: Better, citation: str
) -> Callable[[Values], Values]:
    """Register a metric that is the mean of the decorated function's per-example values [R or 1, n]."""

    def register(per_example: Values) -> Values:
        def values(draws: Draws) -> Floats:
            return draws.mean(per_example(draws))

        _add(Metric(name, family, better, citation, values, per_example))
        return per_example

    return register


def sample_metric(
    name: str,
    *,
    family: str = "calibration",
    better: Better,
    citation: str,
    noise_adds: bool = False,
) -> Callable[[Values], Values]:
    """Register a metric that needs all examples at once; the decorated function returns [R]."""

    def register(values: Values) -> Values:
        _add(Metric(name, family, better, citation, values, noise_adds=noise_adds))
        return values

    return register


def _add(metric: Metric) -> None:
    if metric.name in METRICS:
        raise ValueError(f"metric {metric.name!r} is registered twice")
    METRICS[metric.name] = metric
