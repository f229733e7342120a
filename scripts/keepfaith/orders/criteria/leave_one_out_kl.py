"""Leave-one-out KL: the component without which the model's predictions change least is dropped first.

Score = KL(dense || without the component) of the next token, mean over calibration tokens, in nats; one-shot.
"""

from collections.abc import Sequence

import torch

from keepfaith.models.components import Component
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.criterion import Criterion, Ranked, smallest_first
from keepfaith.orders.loss import mean_divergence


def rank(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    components: Sequence[Component],
    seed: int = 0,
) -> Ranked:
    """Components by mean divergence, smallest first; the seed plays no part."""
    return smallest_first(
        mean_divergence(model, samples, {component: [component] for component in components})
    )


CRITERION = Criterion(
    citation="Siddiqui et al. 2024, arXiv:2407.16286",
    cost="1 forward over the calibration text per component, and 1 of the dense model",
    rank=rank,
)
