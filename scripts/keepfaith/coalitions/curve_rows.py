"""Curves of losses over fractions of segments, averaged over examples: what figures draw of the table of coalitions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import LIMIT, SEGMENT_CURVES
from keepfaith.artifacts.tables import conform
from keepfaith.coalitions.best_order import best_removal, best_retention
from keepfaith.coalitions.curves import removal_losses, retention_losses
from keepfaith.coalitions.games import Game
from keepfaith.coalitions.segment_scores import Explainer
from keepfaith.coalitions.subsets import FloatArray, mean_by_size

FRACTIONS = tuple(np.linspace(0, 1, 11).round(1).tolist())
"""Of an example's segments; examples have different numbers of them, so curves are read at the same fractions."""

KINDS = ("removal", "retention")


@dataclass(frozen=True)
class Losses:
    """What rankings of one example lose, by number of segments removed or kept; towards the level's own prediction.

    Attributes:
        value: [2 kinds, ..., K, n + 1], of the value of coalitions.
        probability: the same of the target's probability.
    """

    value: FloatArray
    probability: FloatArray

    @property
    def areas(self) -> tuple[FloatArray, FloatArray]:
        """Of the value and of the probability, [2 kinds, ..., K]: the mean over k = 1..n."""
        return self.value[..., 1:].mean(axis=-1), self.probability[..., 1:].mean(axis=-1)


def losses(
    values: FloatArray, probabilities: FloatArray, scores: FloatArray
) -> tuple[Losses, FloatArray]:
    """Losses of every level's rankings under its own values, and their areas of removal under all levels' values.

    Args:
        values, probabilities: [K, 2^n].
        scores: [M, K, n], of M methods and seeds.

    Returns:
        Losses [2 kinds, M, K, n + 1], and areas [M, K explaining, K judging] of the value.
    """
    count, levels, segments = scores.shape
    both = np.concatenate([values, probabilities])  # [2 K, 2^n]
    every = scores.reshape(-1, segments)
    found = np.stack([of(both, every) for of in (removal_losses, retention_losses)])
    # [2 kinds, M K rankings, n + 1, 2 K], of which each ranking needs its own level, and the swap all of removal
    found = found.reshape(2, count, levels, segments + 1, 2, levels)
    own = np.einsum("amknvk->vamkn", found)
    return Losses(own[0], own[1]), found[0, :, :, 1:, 0].mean(axis=2)


def chance_losses(values: FloatArray) -> FloatArray:
    """Mean losses of all orders by number of segments removed, and kept, [2 kinds, K, n + 1] from [K, 2^n]."""
    kept = values[..., -1:] - mean_by_size(values)
    return np.stack([kept[..., ::-1], kept])


def _best_losses(values: FloatArray) -> FloatArray:
    """Losses of the best order of removal, and of retention, [2 kinds, K, n + 1] from [K, 2^n]."""
    level = np.arange(len(values))
    removal = removal_losses(values, best_removal(values))[level, :, level]
    return np.stack([removal, retention_losses(values, best_retention(values))[level, :, level]])


@cache
def _interpolation(segments: int) -> FloatArray:
    """[fractions, n + 1], weights that read a curve of n segments at `FRACTIONS`."""
    at = np.asarray(FRACTIONS) * segments
    distance: FloatArray = np.abs(at[:, None] - np.arange(segments + 1))
    return np.clip(1 - distance, 0, None)


@dataclass
class CurveRows:
    """The sums behind a SEGMENT_CURVES table, collected example by example."""

    _sums: dict[tuple[str, str, str, str, int], FloatArray] = field(default_factory=dict)
    _counts: dict[tuple[str, str, str, str, int], int] = field(default_factory=dict)
    _examples: dict[tuple[str, str, str, str, int], set[str]] = field(default_factory=dict)

    def add(self, game: Game, probabilities: FloatArray, found: Mapping[Explainer, Losses]) -> None:
        """Add one example: its methods' losses (value and probability [2 kinds, K, n + 1]), chance and the best order.

        Args:
            game: the example.
            probabilities: [K, 2^n], of what each level predicts.
            found: the losses of every method and seed.
        """
        both = (game.values, probabilities)
        for name, limit in (("chance", chance_losses), ("best", _best_losses)):
            self._add(game, name, LIMIT, Losses(*(limit(values) for values in both)))
        for explainer, of in found.items():
            self._add(game, explainer.method, explainer.role, of)

    def _add(self, game: Game, method: str, role: str, of: Losses) -> None:
        both = np.stack([of.value, of.probability], axis=-2)  # [2 kinds, K, 2, n + 1]
        read = np.einsum("aksn,fn->akfs", both, _interpolation(len(game.segments)))
        for kind, of_kind in zip(KINDS, read, strict=True):
            for level, curve in zip(game.levels, of_kind, strict=True):
                key = (game.operator, method, role, kind, level)
                self._sums[key] = self._sums.get(key, np.zeros(curve.shape)) + curve
                self._counts[key] = self._counts.get(key, 0) + 1
                self._examples.setdefault(key, set()).add(game.example_id)

    def table(self) -> pl.DataFrame:
        """All rows as a SEGMENT_CURVES table."""
        rows = [
            {
                "level": level,
                "operator": operator,
                "method": method,
                "role": role,
                "kind": kind,
                "fraction": fraction,
                "value_lost": float(value),
                "probability_lost": float(probability),
                "examples": len(self._examples[key]),
            }
            for key, total in sorted(self._sums.items())
            for operator, method, role, kind, level in [key]
            for fraction, (value, probability) in zip(
                FRACTIONS, total / self._counts[key], strict=True
            )
        ]
        return conform(pl.DataFrame(rows, schema=dict(SEGMENT_CURVES.columns)), SEGMENT_CURVES)
