"""Prompt and option as token ids, and rows of them as padded batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Encoded:
    """Token ids of prompt and option together; the option is `ids[option_start:]`."""

    ids: tuple[int, ...]
    option_start: int


def encode_pairs(
    tokenizer: PreTrainedTokenizerBase, pairs: Sequence[tuple[str, str]], limit: int
) -> list[Encoded]:
    """Tokenise prompt and option together and split after the prompt, as lm-evaluation-harness.

    White space that ends a prompt belongs to the option, as there. A pair longer than `limit` tokens loses tokens
    at the left, as there. Raises ValueError for an option without a token of its own.
    """
    if not pairs:
        return []
    prompts = tokenizer([p.rstrip() for p, _ in pairs], add_special_tokens=False)["input_ids"]
    wholes = tokenizer([p + option for p, option in pairs], add_special_tokens=False)["input_ids"]
    encoded = []
    for (_, option), prompt, whole in zip(pairs, prompts, wholes, strict=True):
        surplus = max(0, len(whole) - limit)
        if len(prompt) == len(whole):
            raise ValueError(f"option {option!r} has no token of its own behind its prompt")
        if len(prompt) <= surplus:
            raise ValueError(f"option {option!r} leaves no room for a prompt in {limit} tokens")
        encoded.append(Encoded(tuple(whole[surplus:]), len(prompt) - surplus))
    return encoded


def batches(pairs: Sequence[Encoded], tokens: int) -> Iterator[list[int]]:
    """Indices of `pairs` by length, in batches of at most `tokens` tokens with padding."""
    batch: list[int] = []
    for index in sorted(range(len(pairs)), key=lambda i: (len(pairs[i].ids), i)):
        if batch and (len(batch) + 1) * len(pairs[index].ids) > tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def padded(rows: Sequence[Encoded], pad: int) -> tuple[Tensor, Tensor, Tensor]:
    """Ids (batch, length) padded at the right, and where the next token is prompt, and option.

    Both masks are (batch, length - 1). A causal model never looks at padding to the right, so no
    attention mask is needed.
    """
    length = max(len(row.ids) for row in rows)
    ids = torch.tensor([row.ids + (pad,) * (length - len(row.ids)) for row in rows])
    place = torch.arange(1, length).unsqueeze(0)
    start = torch.tensor([[row.option_start] for row in rows])
    end = torch.tensor([[len(row.ids)] for row in rows])
    return ids, place < start, (place >= start) & (place < end)


def masked_prompts(rows: Sequence[Encoded], length: int, share: float) -> Tensor:
    """Where prompts are hidden, (batch, length): in about `share` of the rows, see
    `masked_examples` in `keepfaith.training.train`."""
    rate = torch.rand(len(rows), 1) * (torch.rand(len(rows), 1) < share)
    in_prompt = torch.arange(length) < torch.tensor([[row.option_start] for row in rows])
    return (torch.rand(len(rows), length) < rate) & in_prompt
