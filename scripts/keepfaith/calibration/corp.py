"""CORP decomposition of a proper score of the top label (Dimitriadis, Gneiting and Jordan 2021).

The event is "the prediction is right", its forecast the confidence. With S the mean score, S_iso that after isotonic
recalibration on the same examples, and S_base that of the accuracy as everyone's confidence:

    miscalibration MCB = S - S_iso, discrimination DSC = S_base - S_iso, uncertainty UNC = S_base; S = MCB - DSC + UNC.

All three are at least 0. The isotonic fit follows noise, so both MCB and DSC are biased upward: read them beside their
null bands. With several choices S is not the multi-class score: it asks about the predicted choice alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keepfaith.calibration.draws import Draws
from keepfaith.calibration.probabilities import Floats, Sample

CITATION = "Dimitriadis, Gneiting and Jordan 2021"


@dataclass(frozen=True)
class TopScore:
    """A proper score of the confidence.

    Attributes:
        losses: [n] where the prediction is right, and [n] where it is wrong.
        entropy: expected loss of a rate that is stated as it is.
    """

    losses: Callable[[Sample], tuple[Floats, Floats]]
    entropy: Callable[[Floats], Floats]


def miscalibration(draws: Draws, score: TopScore) -> Floats:
    """MCB [R]: what isotonic recalibration would gain."""
    return _stated(draws, score) - _isotonic(draws, score)


def discrimination(draws: Draws, score: TopScore) -> Floats:
    """DSC [R]: what the recalibrated confidence gains over the accuracy; 0 if all are right or all are wrong."""
    return uncertainty(draws, score) - _isotonic(draws, score)


def uncertainty(draws: Draws, score: TopScore) -> Floats:
    """UNC [R]: score of the accuracy as everyone's confidence; 0 if all are right or all are wrong."""
    return score.entropy(draws.mean(draws.correct))


def _stated(draws: Draws, score: TopScore) -> Floats:
    """S [R], the score of the confidence as it is."""
    if_right, if_wrong = score.losses(draws.sample)
    return draws.mean(np.where(draws.correct > 0, if_right, if_wrong))


def _isotonic(draws: Draws, score: TopScore) -> Floats:
    """S_iso [R]."""
    blocks, total = draws.recalibrated, draws.weights.sum(axis=1)
    losses = blocks.weight * score.entropy(blocks.rate)
    repetitions = max(len(draws.labels), len(draws.weights))
    found: Floats = np.bincount(blocks.repetition, losses, minlength=repetitions) / total
    return found


def _squares(sample: Sample) -> tuple[Floats, Floats]:
    return (1 - sample.confidence) ** 2, sample.confidence**2


def _logarithms(sample: Sample) -> tuple[Floats, Floats]:
    """From log-probabilities: 1 - confidence may round to 0."""
    rows = np.arange(sample.size)
    others = sample.log_probabilities.copy()
    others[rows, sample.prediction] = -np.inf
    with np.errstate(divide="ignore"):
        if_wrong = -np.logaddexp.reduce(others, axis=1)
    return -sample.log_probabilities[rows, sample.prediction], if_wrong


def _binary_entropy(rate: Floats) -> Floats:
    found: Floats = np.zeros_like(rate)
    for share in (rate, 1 - rate):
        found = found - share * np.log(np.where(share > 0, share, 1.0))
    return found


TOP_BRIER = TopScore(_squares, lambda rate: rate * (1 - rate))
"""Squared error of the confidence, in [0, 1]."""

TOP_NLL = TopScore(_logarithms, _binary_entropy)
"""Logarithmic loss of the confidence, in nats."""
