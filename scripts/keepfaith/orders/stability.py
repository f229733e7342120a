"""The same criterion on other draws of calibration text: is the order a property of the model, or of the draw?"""

import logging
from collections.abc import Callable, Sequence

import polars as pl
from transformers import PreTrainedTokenizerBase

from keepfaith.artifacts.progress import Progress
from keepfaith.artifacts.schemas import STABILITY
from keepfaith.artifacts.tables import conform
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.order import Drop
from keepfaith.orders.rank import rank_layers

logger = logging.getLogger(__name__)


def measure_stability(
    criterion: str,
    model: PrunableModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Callable[[int, int], Sequence[str]],
    seeds: Sequence[int],
    sizes: Sequence[int],
    sample_tokens: int,
    drop: Drop = "attention",
    reverse: bool = False,
) -> pl.DataFrame:
    """STABILITY: the order by every seed and number of samples.

    Args:
        criterion, model, tokenizer, sample_tokens, drop, reverse: as `rank_layers`.
        texts: (number of samples, seed) -> calibration texts.
        seeds: seeds of the draws.
        sizes: numbers of samples; a smaller draw is the beginning of the larger one of its seed.
    """
    progress = Progress(len(seeds) * len(sizes), "orders", logger)
    frames = []
    for seed in seeds:
        drawn = texts(max(sizes), seed)
        for size in sizes:
            order = rank_layers(
                criterion, model, tokenizer, drawn[:size], sample_tokens, drop, reverse, seed
            )
            frames.append(order.with_columns(seed=pl.lit(seed), samples=pl.lit(size)))
            progress.advance(1)
    return conform(pl.concat(frames), STABILITY)
