"""What a level should cost, from shapes alone: what the measurements are held against."""

import json
import struct
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import DynamicCache, PreTrainedConfig, PreTrainedModel

from keepfaith.models.components import Sublayer
from keepfaith.models.slim import module_prefixes


def cache_bytes_per_token(model: PreTrainedModel, gone: frozenset[Sublayer], tokens: int) -> float:
    """Keys and values of the layers that keep their attention, over a text of `tokens` tokens.

    A layer with a sliding window holds one token less than its window. A dropped layer holds two numbers per token:
    see `removal` for why.
    """
    config = model.config.get_text_config(decoder=True)
    of_kept = 2 * _key_value_heads(config) * _head_width(config)
    dropped = _layers_without_attention(gone)
    numbers = 0
    for layer, window in enumerate(_windows(config)):
        held = tokens if window is None else min(tokens, window - 1)
        numbers += held * (2 if layer in dropped else of_kept)
    return numbers * model.dtype.itemsize / tokens


def prefill_operations(model: PreTrainedModel, gone: frozenset[Sublayer], tokens: int) -> float:
    """Floating-point operations of reading a prompt of `tokens` tokens up to the logits of its last.

    Two per weight of a matrix and token; four per head dimension and pair of tokens that attends, windows left out
    of account; the head once.
    """
    config = model.config.get_text_config(decoder=True)
    kept = int(config.num_hidden_layers) - len(_layers_without_attention(gone))
    pairs = tokens * (tokens + 1) / 2
    attention = 4 * int(config.num_attention_heads) * _head_width(config) * pairs
    # The biases of experts are two-dimensional, one row per expert.
    matrices = sum(
        used
        for name, used in _weights_used(model)
        if model.get_parameter(name).ndim > 1 and not name.endswith("bias")
    )
    return 2 * matrices * tokens + kept * attention + 2 * _head(model).numel()


def decode_bytes(model: PreTrainedModel, gone: frozenset[Sublayer], tokens: int) -> float:
    """Bytes that are read to decode one token behind `tokens` tokens, batch 1: weights, head and cache."""
    weights = sum(used for _, used in _weights_used(model)) + _head(model).numel()
    return weights * model.dtype.itemsize + cache_bytes_per_token(model, gone, tokens) * tokens


def weight_bytes_on_disk(folder: str, model: PreTrainedModel, gone: frozenset[Sublayer]) -> int:
    """Bytes of the tensors in a folder's safetensors files without those of the dropped sub-layers."""
    prefixes = module_prefixes(model, gone)
    total = 0
    for path in sorted(Path(folder).glob("*.safetensors")):
        with path.open("rb") as handle:
            (length,) = struct.unpack("<Q", handle.read(8))
            header = json.loads(handle.read(length))
        for name, tensor in header.items():
            if name != "__metadata__" and not (prefixes and name.startswith(prefixes)):
                start, end = tensor["data_offsets"]
                total += end - start
    return total


def _layers_without_attention(gone: frozenset[Sublayer]) -> frozenset[int]:
    return frozenset(sublayer.layer for sublayer in gone if sublayer.kind == "attention")


def _key_value_heads(config: PreTrainedConfig) -> int:
    """Heads whose keys and values are cached."""
    if config.model_type == "falcon":
        # Its grouped heads are repeated before they are cached; `multi_query` without them caches one.
        one = config.multi_query and not config.new_decoder_architecture
        return 1 if one else int(config.num_attention_heads)
    return int(getattr(config, "num_key_value_heads", None) or config.num_attention_heads)


def _head_width(config: PreTrainedConfig) -> int:
    return int(
        getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    )


def _windows(config: PreTrainedConfig) -> list[int | None]:
    """The sliding window of every layer in tokens; None where a layer sees everything."""
    layers = DynamicCache(config=config).layers
    return [getattr(layer, "sliding_window", None) for layer in layers]


def _weights_used(model: PreTrainedModel) -> list[tuple[str, float]]:
    """Weights that one token meets, by parameter, without embeddings and head; of experts those it is sent to."""
    config = model.config.get_text_config(decoder=True)
    elsewhere = {id(_head(model))} | {
        id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)
    }
    return [
        (name, weight.numel() * (_expert_share(config) if ".experts." in name else 1.0))
        for name, weight in model.named_parameters()
        if id(weight) not in elsewhere
    ]


def _expert_share(config: PreTrainedConfig) -> float:
    experts = getattr(config, "num_experts", None) or getattr(config, "num_local_experts", None)
    return float(config.num_experts_per_tok / experts) if experts else 1.0


def _head(model: PreTrainedModel) -> torch.Tensor:
    embeddings: Any = model.get_output_embeddings  # untyped
    weight: torch.Tensor = embeddings().weight
    return weight
