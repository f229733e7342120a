"""Every explained example as a game of its segments: what each subset of them is worth at each level."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfaith.coalitions.subsets import FloatArray
from keepfaith.config.spans import Span
from keepfaith.scoring.values import Value, value_of


class ExplanationError(Exception):
    """Explanations do not fit the table of coalitions; the message names the example."""


@dataclass(frozen=True)
class Game:
    """What every coalition of one example is worth at every level, each towards the option that the level predicts.

    Attributes:
        example_id, operator: which.
        segments: characters of the segments.
        levels: K of them, rising; the first is the dense one.
        targets: [K] the option that each level predicts; ties go to the lowest index.
        log_likelihoods: [K, options, 2^n].
        values: [K, 2^n].
    """

    example_id: str
    operator: str
    segments: tuple[Span, ...]
    levels: tuple[int, ...]
    targets: tuple[int, ...]
    log_likelihoods: FloatArray
    values: FloatArray

    def towards(self, targets: Sequence[int], value: Value) -> FloatArray:
        """The values [K, 2^n] of all coalitions towards another option per level."""
        return _values(self.log_likelihoods, targets, value)


def _values(log_likelihoods: FloatArray, targets: Sequence[int], value: Value) -> FloatArray:
    of = value_of(value)
    levels = zip(log_likelihoods, targets, strict=True)
    return np.stack([of(of_level.T, target) for of_level, target in levels])


def games(coalitions: pl.DataFrame, value: Value = "margin") -> Iterator[Game]:
    """Every example's game under every operator.

    Args:
        coalitions: a COALITIONS table.
        value: what a coalition is worth.

    Raises:
        ExplanationError: an example lacks a level or an option that another row of it has.
    """
    keys = ["operator", "example_id"]
    for (operator, example_id), rows in coalitions.sort(*keys, "level", "option").group_by(
        keys, maintain_order=True
    ):
        levels = rows["level"].unique().sort().to_list()
        options = rows["option"].n_unique()
        if rows.height != len(levels) * options:
            raise ExplanationError(
                f"example {example_id}: {rows.height} rows of coalitions, expected {len(levels)} levels x {options} "
                "options"
            )
        table = rows["log_likelihoods"].explode().to_numpy().reshape(len(levels), options, -1)
        targets = tuple(table[:, :, -1].argmax(axis=1).tolist())
        yield Game(
            example_id=str(example_id),
            operator=str(operator),
            segments=tuple((span["start"], span["end"]) for span in rows["segments"][0]),
            levels=tuple(levels),
            targets=targets,
            log_likelihoods=table,
            values=_values(table, targets, value),
        )
