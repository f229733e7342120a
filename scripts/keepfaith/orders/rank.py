"""From a criterion and calibration text to an order."""

from collections.abc import Sequence

import polars as pl
from transformers import PreTrainedTokenizerBase

from keepfaith.artifacts.schemas import ORDER
from keepfaith.artifacts.tables import conform
from keepfaith.models.removal import PrunableModel
from keepfaith.orders import registry
from keepfaith.orders.samples import token_samples


def rank_layers(
    criterion: str,
    model: PrunableModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    sample_tokens: int = 2048,
) -> pl.DataFrame:
    """Rank all attention layers of `model` by `criterion` on calibration texts.

    Args:
        criterion: a name in `registry.names()`.
        model: the dense model.
        tokenizer: the model's.
        texts: calibration texts, one per sample.
        sample_tokens: longest sample in tokens; the rest of a text is cut.

    Returns:
        ORDER: position 1 is dropped first.

    Raises:
        ValueError: the criterion is unknown.
        CalibrationTextError: there is no text.
    """
    rank = registry.load(criterion)
    samples = token_samples(tokenizer, texts, sample_tokens, model.context_length)
    ranked = rank(model, samples)
    layers, scores = zip(*ranked, strict=True)
    frame = pl.DataFrame({"position": range(1, len(ranked) + 1), "layer": layers, "score": scores})
    return conform(frame, ORDER)
