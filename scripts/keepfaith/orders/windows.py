"""Calibration text as windows of tokens."""

import logging
import random
from collections.abc import Sequence

import torch
from transformers import PreTrainedTokenizerBase

logger = logging.getLogger(__name__)


class CalibrationTextError(Exception):
    """The calibration text cannot serve."""


def token_windows(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    samples: int,
    sample_tokens: int,
    seed: int,
    context_length: int | None = None,
) -> list[torch.Tensor]:
    """Cut texts into `samples` windows of `sample_tokens` tokens.

    The texts are shuffled by `seed`, tokenised one by one with the tokenizer's own special tokens, joined
    and cut; a long text fills several windows, short ones share one. Windows are capped at the model's
    context. Too little text gives fewer windows, which is logged; less than one window gives a single
    shorter one.

    Args:
        tokenizer: the model's.
        texts: calibration texts.
        samples: number of windows.
        sample_tokens: tokens of each.
        seed: of the shuffle.
        context_length: longest input the model admits, or None.

    Returns:
        Token ids, each [1, window].

    Raises:
        CalibrationTextError: there is no text.
    """
    window = min(sample_tokens, context_length or sample_tokens)
    if window < sample_tokens:
        logger.info("calibration windows are cut to the model's context of %d tokens", window)
    shuffled = list(texts)
    random.Random(seed).shuffle(shuffled)
    stream: list[int] = []
    for text in shuffled:
        if len(stream) >= samples * window:
            break
        stream += tokenizer.encode(text) if text.strip() else []
    windows = [stream[start : start + window] for start in range(0, samples * window, window)]
    full = [ids for ids in windows if len(ids) == window] or [ids for ids in windows[:1] if ids]
    if not full:
        raise CalibrationTextError("the calibration text is empty; give a source with text in it")
    if len(full) < samples:
        logger.warning(
            "calibration text fills %d windows of %d tokens, %d are asked for",
            len(full),
            window,
            samples,
        )
    return [torch.tensor([ids]) for ids in full]
