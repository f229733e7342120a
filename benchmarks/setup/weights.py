"""Weights that a forward pass multiplies with, from the model itself: the unit of its work."""

from collections.abc import Sequence

from keepfaith.models.components import SUBLAYERS, SublayerKind
from keepfaith.models.families import LayerSite
from keepfaith.models.removal import PrunableModel
from keepfaith.scoring.scorer import OptionScorer
from keepfaith.scoring.sweep import plan_sweep


def sublayer_weights(site: LayerSite, kind: SublayerKind) -> int:
    """Weights of one sub-layer; 0 where the layer has no such module."""
    module = site.modules.get(kind)
    return 0 if module is None else sum(weight.numel() for weight in module.parameters())


def layer_weights(model: PrunableModel) -> int:
    """Weights of all sub-layers of the dense model, without embedding and head."""
    return sum(sublayer_weights(site, kind) for site in model.sites for kind in SUBLAYERS)


def weights_at(scorer: OptionScorer, level: int) -> int:
    """Weights per token of a plain forward pass at a level, which computes logits at every position."""
    head = scorer.model.model.get_output_embeddings().weight.numel()
    sites = {site.index: site for site in scorer.model.sites}
    gone = sum(
        sublayer_weights(sites[sublayer.layer], sublayer.kind)
        for sublayer in scorer.model.removable(scorer.order[:level])
    )
    return layer_weights(scorer.model) + head - gone


def swept_weights(scorer: OptionScorer, levels: Sequence[int]) -> int:
    """Weights per token of one sweep over these levels; positions that are only read, and the head, left out."""
    plans = plan_sweep(scorer.model.layers, scorer.order, levels)
    return sum(
        sublayer_weights(site, kind)
        for site, plan in zip(scorer.model.sites, plans, strict=True)
        for group in plan.parts
        for part in group
        for kind, kept in zip(SUBLAYERS, part.kept, strict=True)
        if kept
    )
