"""Last k but the final layer: as `last_k`, with the final layer's components kept to the very end.

The final layer is often found to matter most among the deep ones.
"""

from collections.abc import Sequence

import torch

from keepfaith.models.components import Component
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.criteria import last_k
from keepfaith.orders.criterion import Criterion, Ranked


def rank(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    components: Sequence[Component],
    seed: int = 0,
) -> Ranked:
    """Components from the last layer but one to the first, then those of the final layer; score: layers above."""
    ranked = last_k.rank(model, samples, components)
    final = model.layers - 1
    return sorted(ranked, key=lambda item: item[0].layer == final)


CRITERION = Criterion(
    citation="Tyukin et al. 2024, arXiv:2407.15516",
    cost="none",
    rank=rank,
)
