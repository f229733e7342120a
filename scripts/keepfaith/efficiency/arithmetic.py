"""What a level should save, from shapes alone."""

import json
import struct
from pathlib import Path

from transformers import PreTrainedModel

from keepfaith.models.components import Sublayer
from keepfaith.models.slim import module_prefixes


def cache_bytes_per_token(model: PreTrainedModel, gone: frozenset[Sublayer]) -> float:
    """Keys and values of the layers that keep their attention; see `removal` for why a dropped one adds two numbers.

    Layers with a sliding window hold less once the text is longer than their window.
    """
    config = model.config.get_text_config(decoder=True)
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    dropped = sum(1 for sublayer in gone if sublayer.kind == "attention")
    kept = int(config.num_hidden_layers) - dropped
    return float((kept * 2 * heads * width + dropped * 2) * model.dtype.itemsize)


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
