"""WorkOnLevels on all levels of a path: with one model that is pruned, or with one checkpoint after the other."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import torch

from keepfaith.artifacts.shards import KeepShard, keep_nothing
from keepfaith.models.level_groups import LevelGroup
from keepfaith.scoring.encoding import PromptEncoder
from keepfaith.scoring.opening import Scoring, open_encoder, open_scorer

WorkOnLevels = Callable[[Any, PromptEncoder, list[int], KeepShard], pl.DataFrame]
"""(OptionScorer, or None for work without a model; encoder; levels; keep) -> a table of these levels."""


@dataclass(frozen=True)
class OverLevels:
    """What work on all levels gave.

    Attributes:
        table: the rows of all levels.
        encoder: the encoder with which the last level was scored; all levels are asked the same token ids.
        token_budget: the smallest that any level needed; None for work without a model.
    """

    table: pl.DataFrame
    encoder: PromptEncoder
    token_budget: int | None


def over_levels(
    groups: Sequence[LevelGroup],
    dense: Path | str,
    scoring: Scoring,
    work: WorkOnLevels,
    keep: KeepShard = keep_nothing,
    by_example: bool = True,
    needs_model: bool = True,
) -> OverLevels:
    """Do the same work on the levels of every group. Only one model is in memory at a time.

    Args:
        groups: the levels, by the folder that they are loaded from, ascending.
        dense: folder of the dense model, whose tokenizer and longest input all levels share.
        scoring: how models are run.
        work: returns the rows of the levels that it is given. A value of a level may not depend on other levels.
        keep: makes a shard, or reads it back; shards of several groups have names of their own.
        by_example: whether the rows of one example are together, else those of one level.
        needs_model: whether a model is loaded; without one, all levels are worked on at once.

    Raises:
        ValueError: there is no group.
    """
    if not groups:
        raise ValueError("no levels to work on")
    if not needs_model:
        encoder = open_encoder(dense, scoring)
        levels = [level for group in groups for level in group.levels]
        return OverLevels(work(None, encoder, levels, keep), encoder, None)
    tables, budgets = [], []
    for group in groups:
        scorer, encoder = open_scorer(group.folder, group.order, scoring, group.first, dense)
        kept = keep if len(groups) == 1 else partial(_named, keep, f"level{group.first:03d}-")
        tables.append(work(scorer, encoder, list(group.levels), kept))
        budgets.append(scorer.budget_used)
        if len(groups) > 1:
            del scorer
            _free()
    table = pl.concat(tables)
    if by_example and len(groups) > 1:
        examples = table["example_id"].unique(maintain_order=True)
        positions = pl.col("example_id").replace_strict(examples, range(len(examples)))
        table = table.sort(positions, maintain_order=True)
    return OverLevels(table, encoder, min(budgets))


def _named(
    keep: KeepShard, prefix: str, name: str, make: Callable[[], pl.DataFrame]
) -> pl.DataFrame:
    return keep(f"{prefix}{name}", make)


def _free() -> None:
    """Free the model that was used last: its patches refer to each other, so that it stays until it is collected."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
