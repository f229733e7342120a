"""Stability of an order: the same criterion with other seeds, on other texts."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl
from transformers import PreTrainedTokenizerBase

from keepfaith.artifacts.progress import Progress
from keepfaith.artifacts.schemas import STABILITY
from keepfaith.artifacts.tables import conform
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.order import Drop
from keepfaith.orders.rank import rank_layers

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TextDraws:
    """Draws of calibration text.

    Attributes:
        texts: (number of samples, seed) -> calibration texts.
        sizes: numbers of samples; a smaller draw is the beginning of the larger one with the same seed.
        sample_tokens: longest sample in tokens; the rest of a text is cut.
    """

    texts: Callable[[int, int], Sequence[str]]
    sizes: Sequence[int]
    sample_tokens: int


def measure_stability(
    criterion: str,
    model: PrunableModel,
    tokenizer: PreTrainedTokenizerBase,
    seeds: Sequence[int],
    draws: TextDraws | None,
    drop: Drop = "attention",
    reverse: bool = False,
) -> pl.DataFrame:
    """STABILITY: the order for every seed and number of samples.

    Args:
        criterion, model, tokenizer, drop, reverse: as `rank_layers`.
        seeds: of the draws of text, and of a criterion that draws numbers.
        draws: None if the criterion reads no text: one order per seed, with 0 samples.
    """
    sizes = draws.sizes if draws else [0]
    sample_tokens = draws.sample_tokens if draws else 0
    progress = Progress(len(seeds) * len(sizes), "orders", logger)
    frames = []
    for seed in seeds:
        drawn = draws.texts(max(sizes), seed) if draws else []
        for size in sizes:
            order = rank_layers(
                criterion, model, tokenizer, drawn[:size], sample_tokens, drop, reverse, seed
            )
            frames.append(order.with_columns(seed=pl.lit(seed), samples=pl.lit(size)))
            progress.advance(1)
    return conform(pl.concat(frames), STABILITY)
