"""Greedy decoding of a fixed number of tokens."""

from typing import Any

import torch
from transformers import PreTrainedModel


def generate_greedily(
    model: PreTrainedModel, tokens: torch.Tensor, mask: torch.Tensor, new_tokens: int
) -> Any:
    """Greedy continuations by exactly `new_tokens` tokens, regardless of the model's own generation settings.

    Args:
        model: the model that generates.
        tokens: [B, T], padded on the left.
        mask: [B, T], 0 where `tokens` is padding.
        new_tokens: tokens after each prompt; the end-of-text token does not stop decoding.

    Returns:
        The output of `generate`, with `sequences` and `past_key_values`.
    """
    generate: Any = model.generate
    return generate(
        input_ids=tokens,
        attention_mask=mask,
        max_new_tokens=new_tokens,
        min_new_tokens=new_tokens,
        do_sample=False,
        num_beams=1,
        use_cache=True,  # some checkpoints say otherwise
        pad_token_id=0,
        return_dict_in_generate=True,
    )
