"""Leave-one-out loss: the component without which calibration text is predicted best is dropped first.

Score = loss without the component - loss of the dense model, in nats per token; one-shot.
"""

from collections.abc import Sequence

import torch

from keepfaith.models.components import Component
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.criterion import Criterion, Ranked, smallest_first
from keepfaith.orders.loss import mean_loss


def rank(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    components: Sequence[Component],
    seed: int = 0,
) -> Ranked:
    """Components by increase of loss, smallest first; the seed plays no part."""
    dense = mean_loss(model, samples, [])
    return smallest_first(
        {component: mean_loss(model, samples, [component]) - dense for component in components}
    )


CRITERION = Criterion(
    citation="Siddiqui et al. 2024, arXiv:2407.16286",
    cost="1 forward over the calibration text per component, and 1 of the dense model",
    rank=rank,
)
