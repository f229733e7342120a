"""Last k: the deepest component is dropped first. A baseline that reads no text."""

from collections.abc import Sequence

import torch

from keepfaith.models.components import Component
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.criterion import Criterion, Ranked


def rank(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    components: Sequence[Component],
    seed: int = 0,
) -> Ranked:
    """Components from the last layer to the first, the MLP of a layer before its attention; score: layers above."""
    return [
        (component, float(model.layers - 1 - component.layer))
        for component in sorted(components, reverse=True)
    ]


CRITERION = Criterion(
    citation="Tyukin et al. 2024, arXiv:2407.15516",
    cost="none",
    rank=rank,
)
