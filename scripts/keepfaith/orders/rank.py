"""Ranking: from a criterion and calibration text to an order."""

from collections.abc import Sequence

import polars as pl
from transformers import PreTrainedTokenizerBase

from keepfaith.models.removal import PrunableModel
from keepfaith.orders.order import Drop, candidates, order_table
from keepfaith.orders.samples import token_samples
from keepfaith.orders.stream_check import check_stream
from keepfaith.plugins.criterion import CRITERIA


def rank_layers(
    criterion: str,
    model: PrunableModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    sample_tokens: int = 2048,
    drop: Drop = "attention",
    reverse: bool = False,
    seed: int = 0,
) -> pl.DataFrame:
    """Rank all components of `model` by `criterion` on calibration texts.

    Args:
        criterion: a name in `CRITERIA.names()`.
        model: the dense model.
        tokenizer: the model's.
        texts: calibration texts, one per sample; ignored if the criterion reads none.
        sample_tokens: longest sample in tokens; the rest of a text is cut.
        drop: the kind of components of the pruning path.
        reverse: reverse the order, as a control: the component that the criterion would drop last goes first.
        seed: of criteria that draw numbers.

    Returns:
        ORDER: position 1 is dropped first.

    Raises:
        ValueError: the criterion is unknown.
        UnsupportedModelError: the architecture has no such components, or adds them to the residual stream in an
            unknown way.
        CalibrationTextError: the criterion reads text, and there is none or the model cannot read it.

    Examples:
        >>> from keepfaith.config.shipped import BUILTIN_CHECKPOINT
        >>> from keepfaith.models.loading import load_model, load_tokenizer
        >>> model = PrunableModel(load_model(BUILTIN_CHECKPOINT, device="cpu"))
        >>> texts = ["The ending was definitely clumsy, and the traffic was lovely."]
        >>> order = rank_layers("cosine", model, load_tokenizer(BUILTIN_CHECKPOINT), texts)
        >>> order["layer"].to_list()[:3]  # the attention of layer 6 changes the stream least
        [6, 7, 5]
    """
    rule = CRITERIA.load(criterion)
    components = candidates(model.layers, drop)
    model.removable(components)
    samples = (
        token_samples(tokenizer, texts, sample_tokens, model.context_length, model.embedding_rows)
        if rule.reads_text
        else []
    )
    if rule.reads_stream and drop != "block":
        check_stream(model, samples[0])
    ranked = rule.rank(model, samples, components, seed)
    return order_table(ranked[::-1] if reverse else ranked)
