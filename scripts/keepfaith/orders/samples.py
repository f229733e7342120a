"""Calibration text as token ids."""

import logging
from collections.abc import Sequence

import torch
from transformers import PreTrainedTokenizerBase

from keepfaith.models.embedding_rows import without_row
from keepfaith.models.text_opening import adds_opening, opening_of

logger = logging.getLogger(__name__)


class CalibrationTextError(Exception):
    """The calibration text cannot be used."""


def token_samples(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    sample_tokens: int,
    context_length: int | None = None,
    embedding_rows: int | None = None,
) -> list[torch.Tensor]:
    """One sample per text: its first tokens, after the tokenizer's own special tokens, which are added once.

    Args:
        tokenizer: the model's.
        texts: one per sample.
        sample_tokens: longest sample; the rest of a text is cut.
        context_length: longest input the model accepts, or None; samples are cut to it as well.
        embedding_rows: rows of the model's input embedding, or None; each token needs one.

    Returns:
        Token ids, each [1, T] with its own T.

    Raises:
        CalibrationTextError: no text is given, one gives no token, one begins with a part of the tokenizer's opening,
            or a token has no row in the embedding.
    """
    if not texts:
        raise CalibrationTextError("there is no calibration text; give a source with text in it")
    longest = min(sample_tokens, context_length or sample_tokens)
    samples = []
    opening = opening_of(tokenizer)
    for number, text in enumerate(texts, start=1):
        name = f"calibration text {number} of {len(texts)}"
        try:
            adds = adds_opening(tokenizer, opening, text)
        except ValueError as error:
            raise CalibrationTextError(f"{name}: {error}") from error
        ids = tokenizer.encode(text, add_special_tokens=adds)[:longest]
        if not ids:
            raise CalibrationTextError(f"{name} gives no token")
        if wrong := without_row(tokenizer, ids, embedding_rows):
            raise CalibrationTextError(f"{name}: {wrong}")
        samples.append(torch.tensor([ids]))
    total = sum(sample.shape[1] for sample in samples)
    logger.info("%d calibration samples, %d tokens, at most %d each", len(samples), total, longest)
    return samples
