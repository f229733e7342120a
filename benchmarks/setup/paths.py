"""Pruning paths of a known truth: 16 levels, correlated as nested levels are, and several judged quantities.

Predictions come from a population of examples as in `setup.populations`; what changes at a level is correlated with
what changed at the one before. From one level on the judged quantity exceeds its margin by next to nothing, so that
"kept up to" that level is false, and as hard to see as can be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.optimize import brentq
from setup.harms import Floats, tail_of_losses
from setup.judging import Case, Row, metric_row
from setup.populations import ADVANTAGE, CHOICES

from keepfaith.artifacts.schemas import METRICS
from keepfaith.calibration.draws import once
from keepfaith.calibration.probabilities import Predicted, sample_of
from keepfaith.plugins.metric import PREDICTION_METRICS
from keepfaith.plugins.quantity import QUANTITIES
from keepfaith.statistics.comparison import Comparison
from keepfaith.statistics.explanation_metrics import Explained
from keepfaith.statistics.pooled import pooled_verdict
from keepfaith.statistics.prediction_metrics import numbers_of
from keepfaith.statistics.settings import Analysis
from keepfaith.statistics.verdict import DEGRADED, HARMED, summary, verdict

LEVELS = range(17)
FIRST_UNSAFE = 5
"""The level from which on a quantity exceeds its margin."""

ALIKE = 0.9
"""Correlation of what changes at a level with what changes at the next."""

NOISE = 0.15
"""Standard deviation of the change of every log-likelihood, in nats."""

SHARPEST = 1.6
"""Factor of the log-likelihoods with the lowest Brier score: that of the label is higher by `ADVANTAGE` in units of the
noise."""

SIZE = 20_000
EXPLAINED = "faithfulness"
PREDICTED = ("accuracy", "brier")
TASKS = 8
POOLED_RATES = (
    "pooled_kept_too_far",
    "pooled_degraded_without_harm",
    "pooled_harmed_without_harm",
    "pooled_share_kept_to_deepest",
)

JUDGED = (*PREDICTED, EXPLAINED)

SCENARIOS: Mapping[str, str | None] = {
    "no harm": None,
    "faithfulness at its margin": EXPLAINED,
    "accuracy at its margin": "accuracy",
    "Brier score at its margin": "brier",
}
"""The quantity whose harm is its margin from `FIRST_UNSAFE` on; all others, and all levels before, have no harm."""


@dataclass(frozen=True)
class Path:
    """A population of examples at all levels: log-likelihoods [K, N, m] and labels [N]."""

    log_likelihoods: Floats
    labels: np.ndarray

    def drawn(self, examples: int, random: np.random.Generator) -> Predicted:
        """One data set."""
        chosen = random.integers(0, len(self.labels), examples)
        labels = self.labels[chosen]
        levels = {
            level: sample_of(of_level[chosen], labels)
            for level, of_level in zip(LEVELS, self.log_likelihoods, strict=True)
        }
        return Predicted(tuple(map(str, range(examples))), 1 / CHOICES, labels, None, levels)


def path(harmed: str | None, seed: int = 0) -> Path:
    """A population in which accuracy and Brier score do not change on average, but for `harmed` where it must.

    At every level the label loses as much as the accuracy needs; then all log-likelihoods are multiplied by what the
    Brier score needs, which leaves the accuracy as it is. Where the accuracy is harmed, the Brier score has the least
    harm there can be.
    """
    random = np.random.default_rng(seed)
    labels = random.integers(0, CHOICES, SIZE)
    of_label = np.arange(CHOICES) == labels[:, None]
    dense = random.normal(size=(SIZE, CHOICES)) + ADVANTAGE * of_label
    drift = _correlated(random.normal(size=(len(LEVELS) - 1, SIZE, CHOICES)))
    before = {quantity: _mean(quantity, dense, labels) for quantity in PREDICTED}
    found = [dense]
    for level in LEVELS[1:]:
        noisy = dense + NOISE * drift[level - 1]
        accuracy, brier = (
            before[name]
            + (_harm(name, level) if name == harmed else 0.0) * QUANTITIES.load(name).harmful
            for name in PREDICTED
        )

        def worse(loss: float, noisy: Floats = noisy, wanted: float = accuracy) -> float:
            return _mean("accuracy", noisy - loss * of_label, labels) - wanted

        lost = noisy - brentq(worse, -3.0, 3.0, xtol=1e-6) * of_label

        def flatter(scale: float, lost: Floats = lost, wanted: float = brier) -> float:
            return _mean("brier", scale * lost, labels) - wanted

        reached = flatter(SHARPEST) <= 0
        found.append((brentq(flatter, 0.1, SHARPEST, xtol=1e-6) if reached else SHARPEST) * lost)
    return Path(np.stack(found), labels)


def _mean(quantity: str, log_likelihoods: Floats, labels: np.ndarray) -> float:
    sample = sample_of(log_likelihoods, labels)
    return float(PREDICTION_METRICS.load(quantity).values(once(sample))[0])


def _harm(quantity: str, level: int) -> float:
    margin = QUANTITIES.load(quantity).margin
    return float(margin or 0.0) if level >= FIRST_UNSAFE else 0.0


def _correlated(normal: Floats) -> Floats:
    """[K, ...], each level's numbers correlated with those of the one before."""
    found = normal.copy()
    for level in range(1, len(found)):
        found[level] = ALIKE * found[level - 1] + np.sqrt(1 - ALIKE**2) * normal[level]
    return found


def explained_changes(harmed: bool, examples: int, random: np.random.Generator) -> Floats:
    """[n, K, 1], harms of faithfulness with a long tail of losses; the dense level first, with none."""
    largest = QUANTITIES.load(EXPLAINED).largest or 1.0
    normal = _correlated(random.normal(size=(len(LEVELS) - 1, examples)))
    harm = np.array([_harm(EXPLAINED, level) if harmed else 0.0 for level in LEVELS[1:]])
    harms = harm[:, None] + largest * tail_of_losses(normal)
    return np.concatenate([np.zeros((1, examples)), harms]).T[..., None]


@dataclass(frozen=True)
class Sizes:
    """Numbers of examples of one task."""

    evaluated: int
    explained: int


def cell_metrics(
    of: Path, scenario: str, sizes: Sizes, analysis: Analysis, random: np.random.Generator
) -> pl.DataFrame:
    """METRICS of one data set at all levels, from the package's own comparisons."""
    found = of.drawn(sizes.evaluated, random)
    evaluated = Comparison(list(LEVELS), np.arange(sizes.evaluated), analysis)
    series = {name: numbers_of(name, found, evaluated) for name in PREDICTED}
    changes = explained_changes(SCENARIOS[scenario] == EXPLAINED, sizes.explained, random)
    explained = Comparison(list(LEVELS), np.arange(sizes.explained), analysis)
    ids = tuple(map(str, range(sizes.explained)))
    # Changes are harms; the quantity falls by them.
    series[EXPLAINED] = Explained(explained, ids, -changes).numbers()
    rows = []
    for name, of_levels in series.items():
        clusters = (explained if name == EXPLAINED else evaluated).clusters
        case = Case(name, scenario, clusters, None)
        for level, numbers in zip(LEVELS, of_levels, strict=True):
            row = metric_row(case, numbers, "method", level, len(LEVELS))
            # Predictions have no method.
            rows.append(row if name == EXPLAINED else row | {"method": None, "role": None})
    return pl.DataFrame(rows, schema=dict(METRICS.columns))


def sentences(scenario: str, studies: int, sizes: Sizes, analysis: Analysis, seed: int) -> Row:
    """How often the answers of single cells, and those of a study of `TASKS` tasks, are false."""
    random = np.random.default_rng(seed)
    of = path(SCENARIOS[scenario])
    limit = LEVELS[-1] + 1 if SCENARIOS[scenario] is None else FIRST_UNSAFE
    margins = {name: QUANTITIES.load(name).margin or 0.0 for name in JUDGED}
    answers, pooled = [], []
    for _ in range(studies):
        tables = [cell_metrics(of, scenario, sizes, analysis, random) for _ in range(TASKS)]
        answers.append([_Answer.of(verdict(table, margins), limit) for table in tables])
        tasks = {f"task {number}": table for number, table in enumerate(tables)}
        together = pooled_verdict(tasks, margins).filter(pl.col("left_out").is_null())
        pooled.append([_Answer.of(together, limit)])
    of_pooled = {f"pooled_{name}": rate for name, rate in _rates(pooled, limit).items()}
    of_pooled = {name: of_pooled[name] for name in POOLED_RATES}
    return (
        _rates(answers, limit)
        | of_pooled
        | {
            "scenario": scenario,
            "evaluated": sizes.evaluated,
            "explained": sizes.explained,
        }
    )


@dataclass(frozen=True)
class _Answer:
    """What the verdict of one cell, or that of a study in the mean of its tasks, says.

    Attributes:
        kept: the level up to which everything is kept.
        degraded, harmed: whether something has this status at a level where nothing is harmed.
    """

    kept: int
    degraded: bool
    harmed: bool

    @staticmethod
    def of(found: pl.DataFrame, limit: int) -> "_Answer":
        """Of a VERDICT, or of POOLED tasks, in which nothing is harmed below the level `limit`."""
        unharmed = found.filter(pl.col("level") < limit)["status"]
        return _Answer(summary(found).safe, DEGRADED in unharmed, HARMED in unharmed)


def _rates(answers: Sequence[Sequence[_Answer]], limit: int) -> Row:
    """Of the cells of every study; a cell is kept too far if it is kept at the level `limit`."""
    levels = np.array([[each.kept for each in study] for study in answers])
    degraded = np.array([[each.degraded for each in study] for study in answers])
    harmed = np.array([[each.harmed for each in study] for study in answers])
    false = levels >= limit
    return {
        "studies": len(levels),
        "cells": levels.size,
        "kept_too_far": float(false.mean()),
        "some_task_kept_too_far": float(false.any(axis=1).mean()),
        "every_task_kept_too_far": float(false.all(axis=1).mean()),
        "degraded_without_harm": float(degraded.mean()),
        "harmed_without_harm": float(harmed.mean()),
        "some_task_degraded_without_harm": float(degraded.any(axis=1).mean()),
        "mean_level_kept": float(levels.mean()),
        "deepest_true_level": min(limit - 1, LEVELS[-1]),
        "share_kept_to_deepest": float((levels >= min(limit - 1, LEVELS[-1])).mean()),
    }
