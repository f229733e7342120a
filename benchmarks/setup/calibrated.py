"""Worlds of calibration: two choices, and a known probability of being right for every confidence.

The gap between confidence and that probability is the same in every bin, so the true binned calibration error is its
size, for every draw of texts. Errors of the two levels are on the same texts, with correlated confidences and answers.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtr
from setup.harms import PASSAGE, Floats, Indices

from keepfaith.calibration.bins import equal_width
from keepfaith.calibration.probabilities import Predicted, Sample, sample_of
from keepfaith.calibration.temperature import temperature_of, tempered

ALIKE = 0.8
"""Correlation of what is drawn for the two levels."""

BINS = 10


@dataclass(frozen=True)
class Gaps:
    """Confidences from `low` to `high`; confidence minus the rate of right answers is `dense` at the dense level.

    Attributes:
        says: in words.
        dense: its gap; negative: too unsure.
        level: gap of the pruned level without harm; any harm is added to its size.
        low, high: range of the confidences, uniform between them.
        passage: examples of one text, whose answers share half of the variance.
    """

    says: str
    dense: float
    level: float
    low: float = 0.57
    high: float = 0.9
    passage: int = 1

    def clusters(self, examples: int) -> Indices:
        """[n], the text of each example."""
        return np.arange(examples) // self.passage


GAPS = {
    "calibrated": Gaps("the dense model is calibrated", 0.0, 0.0),
    "over": Gaps("both are too sure", 0.06, 0.06),
    "crossing": Gaps("from too unsure to too sure", -0.06, 0.06),
    "near01": Gaps("calibrated, with confidences near 1", 0.0, 0.0, 0.93, 0.999),
    "clusters": Gaps("both too sure, in passages of 5", 0.06, 0.06, passage=PASSAGE),
}  # fmt: skip
"""By name."""

REPAIRABLE, LASTING = "repairable", "lasting"
"""Worlds of temperatures: log-likelihoods twice as large as they should be; gaps whose sign changes with confidence."""


def data_set(world: str, harm: float, examples: int, random: np.random.Generator) -> Predicted:
    """One data set at the levels 0 and 1, whose true calibration errors differ by `harm`."""
    gaps = GAPS[world]
    confidences, answers = _pairs(examples, gaps.clusters(examples), random)  # each [2, n]
    labels = random.integers(0, 2, examples)
    levels = {}
    for level, gap in enumerate((gaps.dense, gaps.level + harm)):
        confidence = gaps.low + (gaps.high - gaps.low) * confidences[level]
        levels[level] = _sample(confidence, answers[level] < confidence - gap, labels)
    return Predicted(tuple(map(str, range(examples))), 0.5, labels, None, levels)


@dataclass(frozen=True)
class Tempered:
    """A data set with each level's own temperature, and the true change of its binned calibration error."""

    predicted: Predicted
    change: float


def tempered_set(world: str, examples: int, tuning: int, random: np.random.Generator) -> Tempered:
    """One data set under temperatures that were fitted on `tuning` other examples."""
    fitted, _ = _raw(world, tuning, random)
    found, rates = _raw(world, examples, random)
    levels = {
        level: tempered(sample, float(temperature_of(fitted.levels[level])[0]))
        for level, sample in found.levels.items()
    }
    errors = [_binned_error(levels[level].confidence, rates[level]) for level in (0, 1)]
    predicted = Predicted(found.example_ids, 0.5, found.labels, None, levels)
    return Tempered(predicted, errors[1] - errors[0])


def _raw(
    world: str, examples: int, random: np.random.Generator
) -> tuple[Predicted, tuple[Floats, Floats]]:
    """Predictions at both levels, and the true rates [n] of right answers of each; the dense one is calibrated."""
    confidences, answers = _pairs(examples, np.arange(examples), random)
    labels = random.integers(0, 2, examples)
    dense, level = 0.55 + 0.4 * confidences  # rates, each [n]
    if world == REPAIRABLE:
        claimed, rates = expit(2 * logit(level)), level
    else:
        claimed, rates = level, level + 0.1 * np.where(level < 0.75, 1.0, -1.0)
    levels = {
        0: _sample(dense, answers[0] < dense, labels),
        1: _sample(claimed, answers[1] < rates, labels),
    }
    found = Predicted(tuple(map(str, range(examples))), 0.5, labels, None, levels)
    return found, (dense, rates)


def _pairs(examples: int, clusters: Indices, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Uniform numbers [2, n] for confidences and for answers, correlated between levels and within texts."""
    found = []
    for within in (0.0, 0.5):
        both = _correlated(random.normal(size=(2, examples)))
        if clusters.max() + 1 < examples and within:
            shared = _correlated(random.normal(size=(2, int(clusters.max()) + 1)))[:, clusters]
            both = np.sqrt(within) * shared + np.sqrt(1 - within) * both
        found.append(ndtr(both))
    return found[0], found[1]


def _correlated(normal: Floats) -> Floats:
    """[2, n] of correlation `ALIKE` from independent normal numbers."""
    return np.stack([normal[0], ALIKE * normal[0] + np.sqrt(1 - ALIKE**2) * normal[1]])


def _sample(confidence: Floats, right: np.ndarray, labels: Indices) -> Sample:
    """Predictions with this confidence [n] that are right where `right` [n] says so."""
    prediction = np.where(right, labels, 1 - labels)
    predicts = np.arange(2) == prediction[:, None]
    return sample_of(
        np.log(np.where(predicts, confidence[:, None], 1 - confidence[:, None])), labels
    )


def _binned_error(confidence: Floats, rates: Floats) -> float:
    """The calibration error of known rates: size-weighted mean over bins of |mean rate - mean confidence|."""
    gaps = np.bincount(equal_width(confidence, BINS), rates - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidence))
