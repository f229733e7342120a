"""Cosine criterion: the attention that turns the residual stream least is dropped first.

He et al. 2024, "What Matters in Transformers? Not All Attention is Needed" (LLM-Drop),
arXiv:2406.15786: score = 1 - E cos(X, Y), where X is the residual stream before the attention sub-layer and
Y = X + Attn(LN(X)), mean over all calibration tokens; one-shot, smallest score first.

Where attention and MLP run in parallel (GPT-NeoX, Phi, Falcon, Cohere), X is the layer's input, which both
read, and Y leaves the MLP's part out. Where the architecture normalises or scales the attention's output
before adding it (Gemma 2 and 3, OLMo 2, GLM 4, Granite), Y uses what is really added.

Cost: one forward of the model over the calibration text. Cosines and their mean are float64.
Ties go to the lower layer.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from keepfaith.models.families import AttentionSite
from keepfaith.models.removal import PrunableModel


class _Meter:
    """Sums the cosines of one layer; two hooks, so only one residual stream is held at a time."""

    def __init__(self, site: AttentionSite) -> None:
        self.site = site
        self.cosines = 0.0
        self.tokens = 0
        self._residual: torch.Tensor | None = None
        self.handles = [
            site.layer.register_forward_pre_hook(self._before, with_kwargs=True),
            site.attention.register_forward_hook(self._after),
        ]

    def _before(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._residual = args[0] if args else kwargs["hidden_states"]

    def _after(self, _: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        assert self._residual is not None
        before = self._residual
        added = self.site.contribution(output[0] if isinstance(output, tuple) else output, before)
        x, y = before.double(), before.double() + added.double()
        cosine = nn.functional.cosine_similarity(x, y, dim=-1, eps=1e-30)
        self.cosines += float(cosine.sum())
        self.tokens += cosine.numel()
        self._residual = None


def rank(model: PrunableModel, batches: Sequence[torch.Tensor]) -> list[tuple[int, float]]:
    """Layers by 1 - mean cosine, smallest first; see the module's text.

    Args:
        model: the dense model.
        batches: token ids [B, T], unpadded.
    """
    meters = [_Meter(site) for site in model.sites]
    try:
        with torch.inference_mode(), model.dropping(()):
            for batch in batches:
                model.model(input_ids=batch.to(model.device), use_cache=False, logits_to_keep=1)
    finally:
        for meter in meters:
            for handle in meter.handles:
                handle.remove()
    scores = [(meter.site.index, 1.0 - meter.cosines / meter.tokens) for meter in meters]
    return sorted(scores, key=lambda item: (item[1], item[0]))
