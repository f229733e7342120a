"""Positions in a model's configuration: how many there are, and how they are computed."""

from collections.abc import Iterator, Mapping
from typing import Any

from transformers import PretrainedConfig

LENGTH_KEYS = ("max_position_embeddings", "n_positions", "max_seq_len")


def longest_input(config: PretrainedConfig) -> int | None:
    """Tokens of the longest input that an architecture accepts, or None if it has no limit."""
    text = config.get_text_config(decoder=True)
    values = (getattr(text, name, None) for name in LENGTH_KEYS)
    return next((int(value) for value in values if isinstance(value, int)), None)


def turning_lengths(config: PretrainedConfig) -> tuple[int, ...]:
    """Input lengths above which a model computes rotary positions in another way, ascending; empty for most models.

    Example: longrope (Phi-3-128k, Phi-3.5, Phi-4-mini) has two sets of factors. transformers picks one by the
    largest position of the whole batch, so a short input beside a long one is not computed as it is alone.
    Dynamic NTK scaling changes at `max_position_embeddings`, but no longer input is accepted.
    """
    text = config.get_text_config(decoder=True)
    return tuple(sorted(set(_turns(getattr(text, "rope_parameters", None)))))


def _turns(parameters: Any) -> Iterator[int]:
    """The lengths in one set of rotary parameters, or in one set per kind of layer."""
    if not isinstance(parameters, Mapping):
        return
    for inner in parameters.values():
        yield from _turns(inner)
    turn = parameters.get("original_max_position_embeddings")
    if parameters.get("rope_type") == "longrope" and isinstance(turn, int):
        yield turn
