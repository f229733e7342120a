"""Expected cost of a level, from shapes alone, for comparison with the measurements."""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    DynamicCache,
    PreTrainedConfig,
    PreTrainedModel,
)

from keepfaith.config.weights import weight_size
from keepfaith.models.components import Sublayer
from keepfaith.models.families import layer_sites
from keepfaith.models.slim import read_config, variant_of

OF_DROPPED = 2
"""Numbers that a dropped layer caches per token; `models.removal` says why."""


def cache_bytes_per_token(model: PreTrainedModel, gone: frozenset[Sublayer], tokens: int) -> float:
    """Bytes of keys and values per token, for a text of `tokens` tokens.

    A layer with a sliding window holds one token less than its window. A dropped layer holds two numbers per token.
    """
    config = model.config.get_text_config(decoder=True)
    of_kept = _cached_numbers(config)
    dropped = _layers_without_attention(gone)
    numbers = 0
    for layer, window in enumerate(_windows(config)):
        held = tokens if window is None else min(tokens, window - 1)
        numbers += held * (OF_DROPPED if layer in dropped else of_kept)
    return numbers * model.dtype.itemsize / tokens


def prefill_operations(model: PreTrainedModel, gone: frozenset[Sublayer], tokens: int) -> float:
    """Floating-point operations to read a prompt of `tokens` tokens and compute the logits of its last.

    Two per weight of a matrix and token; four per head dimension and pair of tokens that attends, ignoring sliding
    windows; the head once.
    """
    config = model.config.get_text_config(decoder=True)
    kept = int(config.num_hidden_layers) - len(_layers_without_attention(gone))
    pairs = tokens * (tokens + 1) / 2
    attention = _operations_per_pair(config) * pairs
    # The biases of experts are two-dimensional, one row per expert.
    matrices = sum(
        weight.numel() * share
        for name, weight, share in _weights_used(model)
        if weight.ndim > 1 and not name.endswith("bias")
    )
    return 2 * matrices * tokens + kept * attention + 2 * _head(model).numel()


def decode_bytes(model: PreTrainedModel, gone: frozenset[Sublayer], tokens: int) -> float:
    """Bytes read to decode one token after `tokens` tokens, batch 1: weights, head and cache."""
    weights = sum(weight.numel() * share for _, weight, share in _weights_used(model))
    weights += _head(model).numel()
    return weights * model.dtype.itemsize + cache_bytes_per_token(model, gone, tokens) * tokens


def weight_bytes_on_disk(folder: str, gone: frozenset[Sublayer]) -> int:
    """Bytes of the tensors in a folder's safetensors files, without those of the dropped sub-layers.

    Tensor names in files vary, so the dropped numbers are counted on the architecture, at the files' mean
    bytes per number: exact, or approximate if a file mixes dtypes or holds more than weights.
    """
    numbers, size = weight_size(Path(folder), variant_of(folder))
    config = read_config(folder)
    base: Any = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    with torch.device("meta"):
        sites = layer_sites(base(config))
    dropped = sum(
        weight.numel() for layer, kind in gone for weight in sites[layer].modules[kind].parameters()
    )
    return size - round(dropped * size / numbers)


def _layers_without_attention(gone: frozenset[Sublayer]) -> frozenset[int]:
    return frozenset(sublayer.layer for sublayer in gone if sublayer.kind == "attention")


def _cached_numbers(config: PreTrainedConfig) -> int:
    """Numbers that one layer caches per token: keys and values, or the latent vector of both."""
    if latent := getattr(config, "kv_lora_rank", None):
        return int(latent + config.qk_rope_head_dim)
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    if config.model_type == "falcon":
        # Its grouped heads are repeated before they are cached; `multi_query` without them caches one.
        one = config.multi_query and not config.new_decoder_architecture
        heads = 1 if one else config.num_attention_heads
    return int(2 * heads * _head_width(config))


def _operations_per_pair(config: PreTrainedConfig) -> int:
    """Operations of one layer per pair of tokens: two per head dimension for the score, two for the value."""
    widths = 2 * _head_width(config)
    if getattr(config, "kv_lora_rank", None):
        widths = config.qk_nope_head_dim + config.qk_rope_head_dim + config.v_head_dim
    return int(2 * config.num_attention_heads * widths)


def _head_width(config: PreTrainedConfig) -> int:
    return int(
        getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    )


def _windows(config: PreTrainedConfig) -> list[int | None]:
    """The sliding window of every layer in tokens; None for a layer without one."""
    layers = DynamicCache(config=config).layers
    return [getattr(layer, "sliding_window", None) for layer in layers]


def _weights_used(model: PreTrainedModel) -> list[tuple[str, torch.Tensor, float]]:
    """The decoder's weights except embeddings and head: name, weight, and the share of it that one token uses."""
    experts = _expert_share(model.config.get_text_config(decoder=True))
    find: Any = model.get_decoder  # untyped
    decoder: nn.Module = find()
    elsewhere = {id(_head(model))} | {
        id(module.weight) for module in decoder.modules() if isinstance(module, nn.Embedding)
    }
    return [
        (name, weight, experts if ".experts." in name else 1.0)
        for name, weight in decoder.named_parameters()
        if id(weight) not in elsewhere
    ]


def _expert_share(config: PreTrainedConfig) -> float:
    experts = getattr(config, "num_experts", None) or getattr(config, "num_local_experts", None)
    used = getattr(config, "num_experts_per_tok", None)
    return float(used / experts) if used and experts else 1.0


def _head(model: PreTrainedModel) -> torch.Tensor:
    embeddings: Any = model.get_output_embeddings  # untyped
    weight: torch.Tensor = embeddings().weight
    return weight
