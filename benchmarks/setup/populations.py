"""Worlds of predictions: a population of examples, dense and pruned, whose mean harm is set exactly.

A population has many examples with four choices. Data sets are drawn from it with replacement, so that its own mean
is the truth that their intervals should contain. One number says how much a level loses; it is searched so that the
mean harm of one quantity is the wanted one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from setup.harms import PASSAGE, Floats, Indices

from keepfaith.calibration.draws import once
from keepfaith.calibration.probabilities import Predicted, Sample, sample_of
from keepfaith.plugins.metric import PREDICTION_METRICS
from keepfaith.statistics.change_metrics import CHANGE_METRICS

CHOICES = 4
ADVANTAGE = 1.6
"""Of the label's log-likelihood over the others, with noise of 1: accuracy about .65."""

LOST = 20.0
"""Nats that the label loses where all is lost."""


@dataclass(frozen=True)
class Drift:
    """How a level differs from the dense model.

    Attributes:
        says: in words.
        noise: standard deviation of the change of every log-likelihood, in nats.
        loss: [n, 1] that the label loses when `severity` is s, from s and from uniform numbers [n, 1].
        scale: of all log-likelihoods of the dense model; large: probabilities near 0 and 1.
        passage: examples of one text, which share half of the variance of all that is drawn.
    """

    says: str
    noise: float
    loss: Callable[[float, Floats], Floats]
    scale: float = 1.0
    passage: int = 1

    def clusters(self, examples: int) -> Indices:
        """[n], the text of each example."""
        return np.arange(examples) // self.passage


def _alike(severity: float, uniforms: Floats) -> Floats:
    return np.full_like(uniforms, severity)


def _few_lose(severity: float, uniforms: Floats) -> Floats:
    """Those below a tenth lose the more, the smaller their number; the others gain a little."""
    return np.where(uniforms < 0.1, -severity * np.log(uniforms * 10), -0.02)


def _few_gain(severity: float, uniforms: Floats) -> Floats:
    """Nine tenths lose alike; the others gain up to three nats."""
    return np.where(uniforms < 0.1, -3 * (1 - uniforms * 10), severity)


def _rare(severity: float, uniforms: Floats) -> Floats:
    """A share of `severity` loses all."""
    return np.where(uniforms < severity, LOST, 0.0)


DRIFTS = {
    "normal": Drift("all lose alike, with noise", 0.6, _alike),
    "skewed": Drift("few lose much, the others gain a little", 0.1, _few_lose),
    "gains": Drift("most lose a little, few gain much", 0.1, _few_gain),
    "rare": Drift("few lose all, the others nothing", 0.02, _rare),
    "near01": Drift("as normal, with probabilities near 0 and 1", 3.0, _alike, scale=6.0),
    "clusters": Drift("as normal, in passages of 5 that share half of the variance", 0.6, _alike, 1.0, PASSAGE),
}  # fmt: skip
"""By name."""


@dataclass(frozen=True)
class Pair:
    """Examples at the dense level and at a pruned one."""

    dense: Sample
    level: Sample

    def changes(self, quantity: str) -> Floats:
        """[n], change of every example's value; the mean of these is the change of the quantity."""
        if quantity in CHANGE_METRICS:
            return CHANGE_METRICS[quantity].values(self.dense, self.level)
        return _values(self.level, quantity) - _values(self.dense, quantity)

    def drawn(self, chosen: Indices) -> Predicted:
        """The examples `chosen` [n], as a study reads them."""
        dense, level = (
            replace(
                sample,
                log_probabilities=sample.log_probabilities[chosen],
                probabilities=sample.probabilities[chosen],
                labels=sample.labels[chosen],
                prediction=sample.prediction[chosen],
                confidence=sample.confidence[chosen],
            )
            for sample in (self.dense, self.level)
        )
        ids = tuple(map(str, range(len(chosen))))
        return Predicted(ids, 1 / CHOICES, dense.labels, None, {0: dense, 1: level})


def _values(sample: Sample, quantity: str) -> Floats:
    """[n], of a metric that is a mean over examples."""
    per_example = PREDICTION_METRICS.load(quantity).per_example
    if per_example is None:
        raise TypeError(f"metric {quantity} is not a mean over examples")
    return np.broadcast_to(per_example(once(sample)), (1, sample.size))[0]


@dataclass(frozen=True)
class _Drawn:
    """Random numbers of a population: log-likelihoods [n, m] of the dense model, their noise, uniforms [n, 1]."""

    labels: Indices
    dense: Floats
    noise: Floats
    uniforms: Floats

    def level(self, drift: Drift, severity: float) -> Sample:
        """The pruned level at this severity."""
        found = self.dense + drift.noise * self.noise
        of_label = np.arange(found.shape[1]) == self.labels[:, None]
        found = found - of_label * drift.loss(severity, self.uniforms)
        return sample_of(found, self.labels)


def population(world: str, quantity: str, change: float, *, size: int, seed: int = 0) -> Pair:
    """A population in which the mean change of `quantity` is `change`.

    Where even the least severe level changes it more (`rare`, whose noise alone does some harm), it is that level.

    Args:
        world: of `DRIFTS`.
        quantity: accuracy, brier, ...
        change: wanted, in the quantity's own direction.
        seed: of the draws.
        size: number of examples, a multiple of `PASSAGE`.
    """
    drift = DRIFTS[world]
    drawn = _drawn(drift, np.random.default_rng(seed), size)
    dense = sample_of(drawn.dense, drawn.labels)
    before = _values(dense, quantity).mean()

    def excess(severity: float) -> float:
        return float(_values(drawn.level(drift, severity), quantity).mean() - before - change)

    low, high = (0.0, 1.0) if drift.loss is _rare else (-10.0, LOST)
    at_least = excess(low)
    severity = low if at_least * excess(high) > 0 else brentq(excess, low, high, xtol=1e-7)
    return Pair(dense, drawn.level(drift, severity))


def _drawn(drift: Drift, random: np.random.Generator, size: int) -> _Drawn:
    labels = random.integers(0, CHOICES, size)
    own = random.normal(size=(2, size, CHOICES))
    if drift.passage > 1:
        # What a passage shares are the advantage of the label and its loss.
        shared = random.normal(size=(2, size // drift.passage, 1)).repeat(drift.passage, axis=1)
        of_label = np.arange(CHOICES) == labels[:, None]
        own = np.where(of_label, (own + shared) / np.sqrt(2), own)
    advantage = ADVANTAGE * (np.arange(CHOICES) == labels[:, None])
    dense = drift.scale * (own[0] + advantage)
    return _Drawn(labels, dense, own[1], random.random((size, 1)))


def chosen(world: str, size: int, examples: int, random: np.random.Generator) -> Indices:
    """[n], examples of one data set, drawn by passage with replacement."""
    passage = DRIFTS[world].passage
    texts = random.integers(0, size // passage, -(-examples // passage))
    found: Indices = (texts[:, None] * passage + np.arange(passage)).ravel()[:examples]
    return found
