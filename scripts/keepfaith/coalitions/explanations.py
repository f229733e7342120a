"""Explanations judged by the table of coalitions: token methods and exact ones alike, at every level."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import EXPLANATIONS, LIMITS, METHOD
from keepfaith.artifacts.tables import conform
from keepfaith.coalitions.curve_rows import CurveRows, Losses, chance_losses, losses
from keepfaith.coalitions.curves import Limits, normalised_area, removal_limits, retention_limits
from keepfaith.coalitions.games import Game, games
from keepfaith.coalitions.indices import additive_share
from keepfaith.coalitions.segment_scores import Explainer, segment_scores, token_tables
from keepfaith.coalitions.subsets import FloatArray
from keepfaith.coalitions.swap import SwapRows
from keepfaith.plugins.segment_method import SEGMENT_METHODS
from keepfaith.scoring.values import Value


@dataclass(frozen=True)
class JudgedSegments:
    """All that follows from a table of coalitions.

    Attributes:
        explanations: an EXPLANATIONS table.
        limits: a LIMITS table.
        curves: a SEGMENT_CURVES table.
        swap: a SWAP table.
    """

    explanations: pl.DataFrame
    limits: pl.DataFrame
    curves: pl.DataFrame
    swap: pl.DataFrame


def judge_segments(
    coalitions: pl.DataFrame, attributions: Iterable[pl.DataFrame], value: Value = "margin"
) -> JudgedSegments:
    """Every method's explanation of every example and level as scores of segments, and how faithful it is.

    A token method's score of a segment is the sum over its tokens. Controls are left out, since chance is known
    exactly. Exact methods (SEGMENT_METHODS) need no table of their own. Explaining and judging use the same removed
    text, and the same value.

    Args:
        coalitions: a COALITIONS table.
        attributions: ATTRIBUTIONS of any number of methods and seeds, of the same examples and levels.
        value: what a coalition is worth.

    Raises:
        ExplanationError: an attributed example or level has no coalitions, or explains another option.
    """
    tokens = token_tables(attributions)
    judged: list[dict[str, object]] = []
    reached: list[dict[str, object]] = []
    curves, swap = CurveRows(), SwapRows(value)
    for game in games(coalitions, value):
        probabilities = game.towards(game.targets, "probability")
        removal, retention = removal_limits(game.values), retention_limits(game.values)
        scores = {
            Explainer(name, METHOD, 0): SEGMENT_METHODS.load(name).scores(game.values)
            for name in SEGMENT_METHODS.names()
        }
        for explainer, table in tokens.get(game.example_id, ()):
            scores[explainer] = segment_scores(game, table)
        every, areas = losses(game.values, probabilities, np.stack(list(scores.values())))
        by_explainer = {
            explainer: Losses(every.value[:, place], every.probability[:, place])
            for place, explainer in enumerate(scores)
        }
        for explainer, of in by_explainer.items():
            judged += _judged(game, explainer, scores[explainer], of, (removal, retention))
        reached += _limits(game, probabilities, removal)
        curves.add(game, probabilities, by_explainer)
        swap.add(game, list(scores), areas, removal)
    return JudgedSegments(
        conform(pl.DataFrame(judged, schema=dict(EXPLANATIONS.columns)), EXPLANATIONS),
        conform(pl.DataFrame(reached, schema=dict(LIMITS.columns)), LIMITS),
        curves.table(),
        swap.table(),
    )


def _judged(
    game: Game,
    explainer: Explainer,
    scores: FloatArray,
    lost: Losses,
    limits: tuple[Limits, Limits],
) -> list[dict[str, object]]:
    """Rows of EXPLANATIONS of one method and seed, one per level."""
    of_value, of_probability = lost.areas  # [2 kinds, K] each
    removal, retention = limits
    columns = {
        "level": game.levels,
        "target": game.targets,
        "scores": scores.tolist(),
        "removal_area": of_value[0].tolist(),
        "retention_area": of_value[1].tolist(),
        "probability_removal_area": of_probability[0].tolist(),
        "probability_retention_area": of_probability[1].tolist(),
        "faithfulness": _known(normalised_area(of_value[0], removal)),
        "sufficiency": _known(normalised_area(of_value[1], retention)),
    }
    segments = [{"start": start, "end": end} for start, end in game.segments]
    return _rows(game, columns, {"segments": segments, **explainer._asdict()})


def _limits(game: Game, probabilities: FloatArray, limits: Limits) -> list[dict[str, object]]:
    """Rows of LIMITS of one example, one per level."""
    chance = chance_losses(probabilities)[..., 1:].mean(axis=-1)  # [2 kinds, K]
    columns = {
        "level": game.levels,
        "target": game.targets,
        "flipped": [target != game.targets[0] for target in game.targets],
        "whole": game.values[:, -1].tolist(),
        "none": game.values[:, 0].tolist(),
        "best": limits.best.tolist(),
        "worst": limits.worst.tolist(),
        "chance": limits.chance.tolist(),
        "probability_chance": chance[0].tolist(),
        "probability_retention_chance": chance[1].tolist(),
        "explainable": limits.explainable.tolist(),
        "additive_share": _known(additive_share(game.values)),
    }
    return _rows(game, columns, {"segments": len(game.segments)})


def _rows(
    game: Game, columns: Mapping[str, Iterable[object]], same: Mapping[str, object]
) -> list[dict[str, object]]:
    """One row per level from columns by level, and what all of them share."""
    same = {"example_id": game.example_id, "operator": game.operator, **same}
    return [
        {**same, **dict(zip(columns, row, strict=True))}
        for row in zip(*columns.values(), strict=True)
    ]


def _known(values: FloatArray) -> list[float | None]:
    """Undefined values (NaN) as None."""
    return [None if np.isnan(value) else float(value) for value in values]
