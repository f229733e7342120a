"""The temperature that calibrates a level: one number that divides all log-likelihoods (Guo et al. 2017, section 4.2).

It minimises the negative log-likelihood (NLL) of softmax(log-likelihoods / T) on examples that are not evaluated. The
NLL is convex in 1 / T, and its derivative there, the mean of (expected log-likelihood - that of the label), ascends:
the root is found by Newton's method on log T within a bracket, which is halved where a step leaves it.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from keepfaith.artifacts.predictions import log_softmax
from keepfaith.calibration.probabilities import Floats, Indices, Sample

LOWEST, HIGHEST = 0.05, 1000.0
"""Bounds of the temperature of summed log-likelihoods. The lowest is that of examples that are all right: surer is
better, without end. The highest is that of a level that knows nothing: even odds are best. Sums of long choices lie
tens of nats apart, so a bound of 20, as is often set, would stop far from even odds: SmolLM2-135M on OpenBookQA would
keep an ECE of .11 that is only the bound's."""

_TOLERANCE = 1e-9
"""Of log T."""

_STEPS = 100
_NUMBERS_AT_ONCE = 2_000_000
"""Probabilities in memory at once, of all weightings together."""


def temperature_of(
    sample: Sample,
    weights: Floats | None = None,
    length: float = 1.0,
    labels: Indices | None = None,
) -> Floats:
    """The best temperature [R] of `sample` under each of R weightings of its examples, or R sets of labels.

    Args:
        sample: one level's tuning examples.
        weights: [R, n], such as bootstrap counts, with at least one example each; None: every example counts once.
        length: mean length of a choice in the unit of the log-likelihoods (`Predicted.length`): so many times smaller
            than the sums they are, and their temperatures too.
        labels: [R, n], such as those that a calibrated model would meet; None: the sample's own.

    Returns:
        Temperatures from `LOWEST` to `HIGHEST`, both divided by `length`; 1 where no temperature changes a probability,
        since all choices are equally likely.

    Raises:
        ValueError: there is no example, or a log-likelihood is NaN.
    """
    if not sample.size:
        raise ValueError("no example to fit a temperature on")
    if np.isnan(sample.log_probabilities).any():
        raise ValueError("a log-likelihood is NaN, so no temperature can be fitted")
    labels = sample.labels[None] if labels is None else labels
    weights = np.ones(labels.shape) if weights is None else weights
    weights, labels = np.broadcast_arrays(weights, labels)
    at_once = max(1, _NUMBERS_AT_ONCE // sample.log_probabilities.size)
    parts = [slice(start, start + at_once) for start in range(0, len(weights), at_once)]
    return np.concatenate(
        [_Problem(sample, weights[part], length, labels[part]).solved() for part in parts]
    )


def tempered(sample: Sample, temperature: float) -> Sample:
    """The sample with all log-likelihoods divided by `temperature`; the predictions stay as they are."""
    log_probabilities = log_softmax(sample.log_probabilities / temperature)
    probabilities = np.exp(log_probabilities)
    return replace(
        sample,
        log_probabilities=log_probabilities,
        probabilities=probabilities,
        confidence=probabilities[np.arange(sample.size), sample.prediction],
    )


class _Problem:
    """Derivatives of the NLL by 1 / T for several weightings."""

    def __init__(self, sample: Sample, weights: Floats, length: float, labels: Indices) -> None:
        scores = sample.log_probabilities - sample.log_probabilities.max(axis=1, keepdims=True)
        scores = scores * length  # of the size of sums, as the bounds are
        self.length = length
        self.real = np.isfinite(scores)  # [n, m]
        self.scores = np.where(self.real, scores, 0.0)
        self.weights = weights / weights.sum(axis=1, keepdims=True)
        of_label = self.scores[np.arange(sample.size), labels]  # [R, n]
        self.of_label = np.einsum("rn,rn->r", self.weights, of_label)

    def solved(self) -> Floats:
        """The temperature [R] of every weighting."""
        low, high = -np.log(HIGHEST), -np.log(LOWEST)  # of log 1 / T
        slope_low, slope_high = self.slopes_at(low)[0], self.slopes_at(high)[0]
        spread = self.weights @ (self.scores.min(axis=1) < 0).astype(np.float64)
        at = np.where(slope_high <= 0, high, np.where(slope_low >= 0, low, 0.0))
        at = np.where(spread == 0, 0.0, at)
        open_ones = np.flatnonzero((slope_high > 0) & (slope_low < 0))
        if len(open_ones):
            at[open_ones] = self.roots(open_ones, low, high)
        found: Floats = np.exp(-at)
        found[at >= -np.log(LOWEST)] = LOWEST  # exactly, as rounding of the logarithm is not
        found[at <= -np.log(HIGHEST)] = HIGHEST
        return np.where(spread == 0, 1.0, found / self.length)

    def roots(self, which: Indices, low: float, high: float) -> Floats:
        """Log 1 / T [r] of the weightings `which` [r], between bounds where their slopes have other signs.

        All of them are near the root of the mean of their slopes. To find that, and the first step of each from there,
        takes the probabilities of one temperature instead of one for each.
        """

        def together(at: Floats, _: Indices) -> tuple[Floats, Floats]:
            slope, curvature = self.slopes_at(at[0])
            return slope[which].mean(keepdims=True), curvature[which].mean(keepdims=True)

        def each(at: Floats, rest: Indices) -> tuple[Floats, Floats]:
            if (at == at[0]).all():
                slope, curvature = self.slopes_at(at[0])
                return slope[which[rest]], curvature[which[rest]]
            return self.slopes(at, which[rest])

        (centre,) = _ascending_roots(together, np.zeros(1), low, high)
        return _ascending_roots(each, np.full(len(which), centre), low, high)

    def slopes_at(self, log_inverse: float) -> tuple[Floats, Floats]:
        """First and second derivative [R] of the NLL by 1 / T, at the same log 1 / T for all weightings."""
        mean, variance = _moments(np.exp(log_inverse) * self.scores[None], self.scores, self.real)
        slope = np.einsum("rn,n->r", self.weights, mean[0]) - self.of_label
        return slope, np.einsum("rn,n->r", self.weights, variance[0])

    def slopes(self, log_inverse: Floats, which: Indices) -> tuple[Floats, Floats]:
        """The same [r] at a log 1 / T for each of the weightings `which` [r]."""
        scaled = np.exp(log_inverse)[:, None, None] * self.scores  # [r, n, m]
        mean, variance = _moments(scaled, self.scores, self.real)
        weights = self.weights[which]
        slope = np.einsum("rn,rn->r", weights, mean) - self.of_label[which]
        return slope, np.einsum("rn,rn->r", weights, variance)


def _moments(scaled: Floats, scores: Floats, real: np.ndarray) -> tuple[Floats, Floats]:
    """Mean and variance [r, n] of `scores` [n, m] under softmax(`scaled` [r, n, m]), over the `real` choices."""
    terms = np.exp(scaled)
    if not real.all():
        terms *= real
    total = np.einsum("rnm->rn", terms)  # at least 1: the largest score is 0
    mean = np.einsum("rnm,nm->rn", terms, scores) / total
    square = np.einsum("rnm,nm->rn", terms, scores**2) / total
    return mean, square - mean**2


def _ascending_roots(
    slopes: Callable[[Floats, Indices], tuple[Floats, Floats]], at: Floats, low: float, high: float
) -> Floats:
    """Where ascending functions of 1 / T are 0, as log 1 / T [r]; Newton's method from `at` [r] within a bracket.

    `slopes` gives values and derivatives by 1 / T of those of the functions that its second argument numbers.
    """
    lows, highs = np.full(len(at), low), np.full(len(at), high)
    at = np.clip(at, low, high)
    open_ones = np.arange(len(at))
    for _ in range(_STEPS):
        here = at[open_ones]
        slope, curvature = slopes(here, open_ones)
        lows[open_ones] = np.where(slope < 0, here, lows[open_ones])
        highs[open_ones] = np.where(slope < 0, highs[open_ones], here)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = here - slope / (curvature * np.exp(here))  # derivative by log 1 / T
        still = np.abs(step - here) <= _TOLERANCE
        inside = (step > lows[open_ones]) & (step < highs[open_ones])
        middle = (lows[open_ones] + highs[open_ones]) / 2
        at[open_ones] = np.where(inside | still, step, middle)
        open_ones = open_ones[~still]
        if not len(open_ones):
            break
    return at
