"""Where a model keeps its decoder layers and, in each, the attention sub-layer.

One generic rule serves nearly every architecture of transformers: the decoder layers are the module
list as long as the configured layer count, the attention sub-layer is the layer's child whose class
is called ...Attention. What deviates stands in `FAMILIES`, by `model_type`.
"""

from dataclasses import dataclass

import torch
from torch import nn
from transformers import PreTrainedModel


class UnsupportedModelError(Exception):
    """The architecture has no attention sub-layer where one is needed."""


@dataclass(frozen=True)
class Family:
    """How an architecture deviates from the generic rule.

    Attributes:
        residual_inside: the attention module itself adds the residual to its output.
        post_norm: child of the layer that normalises the attention output before the residual is added.
        scale: attribute of the layer that multiplies the attention output before the residual is added.
    """

    residual_inside: bool = False
    post_norm: str | None = None
    scale: str | None = None


FAMILIES = {
    "bloom": Family(residual_inside=True),
    "gemma2": Family(post_norm="post_attention_layernorm"),
    "gemma3_text": Family(post_norm="post_attention_layernorm"),
    "olmo2": Family(post_norm="post_attention_layernorm"),
    "olmo3": Family(post_norm="post_attention_layernorm"),
    "glm4": Family(post_norm="post_self_attn_layernorm"),
    "granite": Family(scale="residual_multiplier"),
    "granitemoe": Family(scale="residual_multiplier"),
}


@dataclass(frozen=True)
class AttentionSite:
    """One decoder layer and its attention sub-layer."""

    index: int
    layer: nn.Module
    attention: nn.Module
    family: Family

    def contribution(self, output: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        """What the sub-layer adds to the residual stream, given its module's `output`. [B, T, hidden]"""
        if self.family.residual_inside:
            return output - residual
        if self.family.post_norm is not None:
            normalised: torch.Tensor = self.layer.get_submodule(self.family.post_norm)(output)
            return normalised
        if self.family.scale is not None:
            return output * float(getattr(self.layer, self.family.scale))
        return output


def attention_sites(model: PreTrainedModel) -> list[AttentionSite]:
    """The attention sub-layers of `model`, from the first decoder layer to the last.

    Raises:
        UnsupportedModelError: no module list fits, or a decoder layer has no attention sub-layer.
    """
    config = model.config.get_text_config(decoder=True)
    count = int(config.num_hidden_layers)
    family = FAMILIES.get(config.model_type, Family())
    for module in model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            found = [_attention(layer) for layer in module]
            if any(attention is not None for attention in found):
                break
    else:
        raise UnsupportedModelError(
            f"{config.model_type}: found no list of {count} decoder layers with attention sub-layers"
        )
    sites = []
    for index, (layer, attention) in enumerate(zip(module, found, strict=True)):
        if attention is None:
            raise UnsupportedModelError(
                f"{config.model_type}: decoder layer {index} ({type(layer).__name__}) has no "
                "attention sub-layer; models that mix other layers in are not supported"
            )
        sites.append(AttentionSite(index, layer, attention, family))
    return sites


def _attention(layer: nn.Module) -> nn.Module | None:
    """The first child called ...Attention; cross-attention, where there is one, comes later."""
    children = layer.children()
    return next((child for child in children if type(child).__name__.endswith("Attention")), None)
