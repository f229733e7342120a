"""Greedy: again and again, drop the component whose removal raises the loss on calibration text least.

Score = loss of the model once the component is gone, on top of all dropped before it, in nats per token.
"""

from collections.abc import Sequence

import torch

from keepfaith.models.components import Component
from keepfaith.models.removal import PrunableModel
from keepfaith.orders.criterion import Criterion, Ranked, one_by_one
from keepfaith.orders.loss import mean_loss


def rank(
    model: PrunableModel,
    samples: Sequence[torch.Tensor],
    components: Sequence[Component],
    seed: int = 0,
) -> Ranked:
    """Each component with the loss it left behind; the seed plays no part."""
    return one_by_one(
        components,
        lambda dropped, left: {
            component: mean_loss(model, samples, [*dropped, component]) for component in left
        },
    )


CRITERION = Criterion(
    citation="Song et al. 2024, SLEB, arXiv:2402.09025; Zhang et al. 2024, FinerCut, arXiv:2405.18218",
    cost="N (N + 1) / 2 forwards over the calibration text for N components",
    rank=rank,
)
