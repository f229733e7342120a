"""Relative norm: the component that adds least to the residual stream, by length, is dropped first.

Score = E |f(X)| / |X|, mean over all calibration tokens; one-shot. Norms and mean are float64.
"""

from collections.abc import Sequence

import torch

from keepfaith.models.components import Component
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.criterion import ALL, Criterion, Ranked, smallest_first
from keepfaith.orders.stream import observe_stream


def rank(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    components: Sequence[Component],
    seed: int = 0,
) -> Ranked:
    """Components by mean relative norm, smallest first; the seed plays no part."""
    sums, tokens = dict.fromkeys(components, 0.0), dict.fromkeys(components, 0)

    def add(component: Component, before: torch.Tensor, behind: torch.Tensor) -> None:
        ratios = (behind - before).norm(dim=-1) / before.norm(dim=-1)
        sums[component] += float(ratios.sum())
        tokens[component] += ratios.numel()

    observe_stream(model, samples, components, add)
    return smallest_first(
        {component: sums[component] / tokens[component] for component in components}
    )


CRITERION = Criterion(
    citation="Siddiqui et al. 2024, arXiv:2407.16286",
    cost="1 forward over the calibration text",
    components=ALL,
    rank=rank,
)
