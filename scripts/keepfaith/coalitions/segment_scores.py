"""Explanations of token methods as scores of segments: a segment's is the sum over its tokens."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import CONTROL
from keepfaith.coalitions.games import ExplanationError, Game
from keepfaith.coalitions.segmented import NO_SEGMENT, segment_of_tokens
from keepfaith.coalitions.subsets import FloatArray


class Explainer(NamedTuple):
    """One method with one seed."""

    method: str
    role: str
    seed: int


def token_tables(
    attributions: Iterable[pl.DataFrame],
) -> Mapping[str, list[tuple[Explainer, pl.DataFrame]]]:
    """ATTRIBUTIONS by example and explainer. Controls are left out, since chance is known exactly."""
    found: dict[str, list[tuple[Explainer, pl.DataFrame]]] = {}
    for table in attributions:
        keys = ["method", "role", "seed", "example_id"]
        for (method, role, seed, example_id), rows in table.group_by(keys, maintain_order=True):
            if role == CONTROL:
                continue
            explainer = Explainer(str(method), str(role), int(str(seed)))
            found.setdefault(str(example_id), []).append((explainer, rows))
    return found


def segment_scores(game: Game, table: pl.DataFrame) -> FloatArray:
    """Scores [K, n] of one explainer's tokens of one example, summed over those that lie in each segment.

    Args:
        game: the example.
        table: ATTRIBUTIONS of this example by one method and seed.

    Raises:
        ExplanationError: a level has no scores, or of other tokens than the rest, or they explain another option than
            the level predicts.
    """
    table = table.sort("level", "feature")
    by_level = table.group_by("level", maintain_order=True).agg("target", tokens=pl.len())
    known = {level: (targets[0], tokens) for level, targets, tokens in by_level.iter_rows()}
    for level, predicted in zip(game.levels, game.targets, strict=True):
        if level not in known:
            raise ExplanationError(f"example {game.example_id}: no token scores at level {level}")
        target, tokens = known[level]
        if target != predicted:
            raise ExplanationError(
                f"example {game.example_id}, level {level}: the token scores explain option {target}, the level "
                f"predicts option {predicted}"
            )
        if tokens != known[game.levels[0]][1]:
            raise ExplanationError(
                f"example {game.example_id}: scores of {tokens} tokens at level {level}, of "
                f"{known[game.levels[0]][1]} at level {game.levels[0]}"
            )
    if len(known) > len(game.levels):
        table = table.filter(pl.col("level").is_in(game.levels))
    tokens = table.height // len(game.levels)
    of_token = segment_of_tokens(
        list(table.head(tokens).select("start", "end").iter_rows()), game.segments
    )
    inside = of_token != NO_SEGMENT
    by_token = table["score"].to_numpy().reshape(len(game.levels), tokens).T  # [tokens, K]
    scores = np.zeros((len(game.segments), len(game.levels)))
    np.add.at(scores, of_token[inside], by_token[inside])
    return scores.T
