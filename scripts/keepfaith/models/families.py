"""Location of a model's decoder layers and, in each, of the attention and the MLP sub-layer.

One generic rule covers nearly every architecture of transformers: the decoder layers are the module
list as long as the configured layer count; a sub-layer is the layer's child whose class is called
...Attention, or ...MLP or similar. `FAMILIES` lists the exceptions by `model_type`.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from keepfaith.models.components import SublayerKind

SUBLAYER_CLASSES: dict[SublayerKind, tuple[str, ...]] = {
    "attention": ("Attention",),
    "mlp": ("MLP", "MoE", "Moe", "MoeBlock", "MoEBlock", "MoELayer", "FeedForward", "FFN"),
}
"""Endings of the class names of sub-layers."""


class UnsupportedModelError(Exception):
    """The architecture has no sub-layer where one is needed."""


@dataclass(frozen=True)
class Family:
    """How an architecture deviates from the generic rule.

    Attributes:
        residual_inside: sub-layers whose module itself adds the residual to its output.
        post_norm: by sub-layer, the child of the layer that normalises its output before the residual is added.
        scale: attribute of the layer that multiplies either (normalised) output before the residual is added.
        pairs: sub-layers whose module returns (output, something else); attention always does.
        parallel: both sub-layers read the layer's input: always, or if one of these keys of the configuration is
            true.
    """

    residual_inside: frozenset[SublayerKind] = frozenset()
    post_norm: dict[SublayerKind, str] = field(default_factory=dict)
    scale: str | None = None
    pairs: frozenset[SublayerKind] = frozenset({"attention"})
    parallel: bool | tuple[str, ...] = False


_POST_NORMS = Family(
    post_norm={"attention": "post_attention_layernorm", "mlp": "post_feedforward_layernorm"}
)
_SCALED = Family(scale="residual_multiplier")

FAMILIES = {
    "bloom": Family(residual_inside=frozenset({"attention", "mlp"})),
    "mpt": Family(residual_inside=frozenset({"mlp"})),
    "gemma2": _POST_NORMS,
    "gemma3_text": _POST_NORMS,
    "olmo2": _POST_NORMS,
    "olmo3": _POST_NORMS,
    "exaone4": _POST_NORMS,
    "flex_olmo": _POST_NORMS,
    "glm4": Family(
        post_norm={"attention": "post_self_attn_layernorm", "mlp": "post_mlp_layernorm"}
    ),
    "granite": _SCALED,
    "granitemoe": _SCALED,
    "granitemoeshared": _SCALED,
    "hyperclovax": Family(
        post_norm={"attention": "post_norm1", "mlp": "post_norm2"}, scale="residual_multiplier"
    ),
    "gpt_oss": Family(pairs=frozenset({"attention", "mlp"})),
    "phi": Family(parallel=True),
    "gptj": Family(parallel=True),
    "codegen": Family(parallel=True),
    "cohere": Family(parallel=True),
    "cohere2": Family(parallel=True),
    "gpt_neox": Family(parallel=("use_parallel_residual",)),
    "stablelm": Family(parallel=("use_parallel_residual",)),
    "falcon": Family(parallel=("parallel_attn", "new_decoder_architecture")),
}


@dataclass(frozen=True)
class LayerSite:
    """One decoder layer with its sub-layers.

    Attributes:
        index: from the first layer, 0.
        layer: the decoder layer.
        modules: its sub-layers; no MLP where it is not one module (OPT has none, some MoE layers two).
        family: how the architecture deviates.
        parallel: both sub-layers read the layer's input.
    """

    index: int
    layer: nn.Module
    modules: dict[SublayerKind, nn.Module]
    family: Family
    parallel: bool

    @property
    def attention(self) -> nn.Module:
        return self.modules["attention"]

    def contribution(
        self, kind: SublayerKind, output: torch.Tensor, residual: torch.Tensor
    ) -> torch.Tensor:
        """The term that a sub-layer adds to the residual stream, given its module's `output`. [B, T, hidden]"""
        if kind in self.family.residual_inside:
            return output - residual
        if kind in self.family.post_norm:
            output = self.layer.get_submodule(self.family.post_norm[kind])(output)
        if self.family.scale is not None:
            output = output * float(getattr(self.layer, self.family.scale))
        return output


def layer_sites(model: PreTrainedModel) -> list[LayerSite]:
    """The decoder layers of `model` with their sub-layers, from the first to the last.

    Raises:
        UnsupportedModelError: no module list fits, or a decoder layer has no attention sub-layer.
    """
    config = model.config.get_text_config(decoder=True)
    count = int(config.num_hidden_layers)
    family = FAMILIES.get(config.model_type, Family())
    # Multimodal models have layers of other kinds, too: only those of the text decoder count.
    decoder: Any = model.get_decoder  # untyped
    for module in decoder().modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            found = [_sublayers(layer) for layer in module]
            if any("attention" in sublayers for sublayers in found):
                break
    else:
        raise UnsupportedModelError(
            f"{config.model_type}: found no list of {count} decoder layers with attention sub-layers"
        )
    sites = []
    for index, (layer, sublayers) in enumerate(zip(module, found, strict=True)):
        if "attention" not in sublayers:
            raise UnsupportedModelError(
                f"{config.model_type}: decoder layer {index} ({type(layer).__name__}) has no "
                "attention sub-layer; models that mix in other layers are not supported"
            )
        sites.append(LayerSite(index, layer, sublayers, family, _parallel(family, config)))
    return sites


def _sublayers(layer: nn.Module) -> dict[SublayerKind, nn.Module]:
    """The child of each kind; the first of several attentions, since cross-attention comes later."""
    found: dict[SublayerKind, list[nn.Module]] = {}
    for child in layer.children():
        for kind, endings in SUBLAYER_CLASSES.items():
            if type(child).__name__.endswith(endings):
                found.setdefault(kind, []).append(child)
    # Dropping one of two MLPs would leave the other.
    return {
        kind: modules[0]
        for kind, modules in found.items()
        if kind == "attention" or len(modules) == 1
    }


def _parallel(family: Family, config: PretrainedConfig) -> bool:
    if isinstance(family.parallel, bool):
        return family.parallel
    return any(getattr(config, name, False) for name in family.parallel)
