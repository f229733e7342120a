"""Explanations judged by the table of coalitions: token methods and exact ones alike, at every level."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import CONTROL, EXPLANATIONS, METHOD
from keepfaith.artifacts.tables import conform
from keepfaith.coalitions.curves import (
    Limits,
    faithfulness,
    removal_area,
    removal_limits,
    retention_area,
    retention_limits,
    sufficiency_score,
)
from keepfaith.coalitions.segmented import NO_SEGMENT, segment_of_tokens
from keepfaith.coalitions.subsets import FloatArray
from keepfaith.config.spans import Span
from keepfaith.plugins.segment_method import SEGMENT_METHODS
from keepfaith.scoring.values import Value, value_of


class ExplanationError(Exception):
    """Explanations do not fit the table of coalitions; the message names the example."""


@dataclass(frozen=True)
class Game:
    """What every coalition of one example is worth at every level, each towards the option that the level predicts.

    Attributes:
        example_id, operator: which.
        segments: characters of the segments.
        levels: K of them, rising.
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
        table = np.asarray(rows["log_likelihoods"].to_list()).reshape(len(levels), options, -1)
        targets = tuple(table[:, :, -1].argmax(axis=1).tolist())
        yield Game(
            example_id=str(example_id),
            operator=str(operator),
            segments=tuple((span["start"], span["end"]) for span in rows["segments"][0]),
            levels=tuple(levels),
            targets=targets,
            log_likelihoods=table,
            values=np.stack(
                [
                    value_of(value)(of_level.T, target)
                    for of_level, target in zip(table, targets, strict=True)
                ]
            ),
        )


def explanations(
    coalitions: pl.DataFrame, attributions: Iterable[pl.DataFrame], value: Value = "margin"
) -> pl.DataFrame:
    """Every method's explanation of every example and level as scores of segments, and how faithful it is.

    A token method's score of a segment is the sum over its tokens. Controls are left out, since chance is known
    exactly. Exact methods (SEGMENT_METHODS) need no table of their own. Explaining and judging use the same removed
    text, and the same value.

    Args:
        coalitions: a COALITIONS table.
        attributions: ATTRIBUTIONS of any number of methods and seeds, of the same examples and levels.
        value: what a coalition is worth.

    Returns:
        An EXPLANATIONS table.

    Raises:
        ExplanationError: an attributed example or level has no coalitions, or explains another option.
    """
    played = list(games(coalitions, value))
    token_scores = _by_example(attributions)
    rows: list[dict[str, object]] = []
    for game in played:
        limits = removal_limits(game.values), retention_limits(game.values)
        for name in SEGMENT_METHODS.names():
            scores = SEGMENT_METHODS.load(name).scores(game.values)
            for place in range(len(game.levels)):
                rows.append(_judged(game, place, limits, scores[place], (name, METHOD, 0)))
        for key, table in token_scores.get(game.example_id, ()):
            for place, scores in _segment_scores(game, table):
                rows.append(_judged(game, place, limits, scores, key))
    return conform(pl.DataFrame(rows, schema=dict(EXPLANATIONS.columns)), EXPLANATIONS)


_Key = tuple[str, str, int]
"""Method, role and seed."""


def _by_example(
    attributions: Iterable[pl.DataFrame],
) -> Mapping[str, list[tuple[_Key, pl.DataFrame]]]:
    found: dict[str, list[tuple[_Key, pl.DataFrame]]] = {}
    for table in attributions:
        keys = ["method", "role", "seed", "example_id"]
        for (method, role, seed, example_id), rows in table.group_by(keys, maintain_order=True):
            if role == CONTROL:
                continue
            key = (str(method), str(role), int(str(seed)))
            found.setdefault(str(example_id), []).append((key, rows))
    return found


def _segment_scores(game: Game, table: pl.DataFrame) -> Iterator[tuple[int, FloatArray]]:
    """(index of the level, scores [n]) of one method and seed on one example, summed over the tokens of a segment."""
    by_level = {int(str(level)): rows for (level,), rows in table.group_by("level")}
    for index, level in enumerate(game.levels):
        if level not in by_level:
            raise ExplanationError(f"example {game.example_id}: no token scores at level {level}")
        rows = by_level[level].sort("feature")
        if rows["target"][0] != game.targets[index]:
            raise ExplanationError(
                f"example {game.example_id}, level {level}: the token scores explain option {rows['target'][0]}, the "
                f"level predicts option {game.targets[index]}"
            )
        of_token = segment_of_tokens(list(rows.select("start", "end").iter_rows()), game.segments)
        inside = of_token != NO_SEGMENT
        scores = np.zeros(len(game.segments))
        np.add.at(scores, of_token[inside], rows["score"].to_numpy()[inside])
        yield index, scores


def _judged(
    game: Game, index: int, limits: tuple[Limits, Limits], scores: FloatArray, key: _Key
) -> dict[str, object]:
    values = game.values[index]
    removal, retention = (_at(some, index) for some in limits)
    method, role, seed = key
    return {
        "level": game.levels[index],
        "example_id": game.example_id,
        "operator": game.operator,
        "method": method,
        "role": role,
        "seed": seed,
        "target": game.targets[index],
        "scores": scores.tolist(),
        "removal_area": float(removal_area(values, scores)),
        "retention_area": float(retention_area(values, scores)),
        "faithfulness": _known(faithfulness(values, scores, removal)),
        "sufficiency": _known(sufficiency_score(values, scores, retention)),
    }


def _at(limits: Limits, index: int) -> Limits:
    """The limits of one level out of those of several."""
    return Limits(
        limits.best[index], limits.worst[index], limits.chance[index], limits.explainable[index]
    )


def _known(score: FloatArray) -> float | None:
    return None if np.isnan(score) else float(score)


def swapped(game: Game, scores: Sequence[FloatArray], limits: Limits | None = None) -> FloatArray:
    """Faithfulness of every level's explanation under every level's values, [K explaining, K judging].

    NaN where the two levels predict different options: their explanations answer different questions.

    Args:
        game: one example.
        scores: per level, scores [n] of its explanation.
        limits: those of `game.values`, where the caller has them.
    """
    limits = limits or removal_limits(game.values)
    found = np.stack([faithfulness(game.values, own, limits) for own in scores])
    targets = np.asarray(game.targets)
    return np.where(targets[:, None] == targets[None, :], found, np.nan)
