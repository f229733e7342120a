"""Pairs of prompt and choice as token ids, and padded batches of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Encoded:
    """Token ids of prompt and choice together; the choice is `ids[option_start:]`."""

    ids: tuple[int, ...]
    option_start: int


def encode_pairs(
    tokenizer: PreTrainedTokenizerBase, pairs: Sequence[tuple[str, str]], limit: int
) -> list[Encoded]:
    """Tokenise prompt and choice together and split after the prompt, as lm-evaluation-harness does.

    As there, white space at the end of a prompt belongs to the choice, and a pair longer than `limit` tokens loses
    tokens at the left. Raises ValueError for a choice that adds no token.
    """
    if not pairs:
        return []
    prompts = tokenizer([p.rstrip() for p, _ in pairs], add_special_tokens=False)["input_ids"]
    wholes = tokenizer([p + option for p, option in pairs], add_special_tokens=False)["input_ids"]
    encoded = []
    for (_, option), prompt, whole in zip(pairs, prompts, wholes, strict=True):
        surplus = max(0, len(whole) - limit)
        if len(prompt) == len(whole):
            raise ValueError(f"choice {option!r} has no token of its own after its prompt")
        if len(prompt) <= surplus:
            raise ValueError(f"choice {option!r} leaves no token of {limit} for its prompt")
        encoded.append(Encoded(tuple(whole[surplus:]), len(prompt) - surplus))
    return encoded


def batches(pairs: Sequence[Encoded], tokens: int) -> Iterator[list[int]]:
    """Indices of `pairs`, sorted by length, in batches of at most `tokens` tokens with padding."""
    batch: list[int] = []
    for index in sorted(range(len(pairs)), key=lambda i: (len(pairs[i].ids), i)):
        if batch and (len(batch) + 1) * len(pairs[index].ids) > tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def padded(rows: Sequence[Encoded], pad: int) -> tuple[Tensor, Tensor, Tensor]:
    """Ids (batch, length) padded at the right, and two masks: the next token is of the prompt, or of the choice.

    Both masks are (batch, length - 1). A causal model never attends to padding at the right, so no
    attention mask is needed.
    """
    length = max(len(row.ids) for row in rows)
    ids = torch.tensor([row.ids + (pad,) * (length - len(row.ids)) for row in rows])
    position = torch.arange(1, length).unsqueeze(0)
    start = torch.tensor([[row.option_start] for row in rows])
    end = torch.tensor([[len(row.ids)] for row in rows])
    return ids, position < start, (position >= start) & (position < end)


def masked_prompts(rows: Sequence[Encoded], length: int, share: float) -> Tensor:
    """Mask of hidden prompt tokens, (batch, length), in about `share` of the rows; see
    `masked_examples` in `keepfaith.training.train`."""
    rate = torch.rand(len(rows), 1) * (torch.rand(len(rows), 1) < share)
    in_prompt = torch.arange(length) < torch.tensor([[row.option_start] for row in rows])
    return (torch.rand(len(rows), length) < rate) & in_prompt
