"""Greedy criterion: repeatedly drop the component whose removal raises the loss on calibration text least.

Score = loss of the model without the component and all dropped before it, in nats per token.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keepfaith.models.components import Component
from keepfaith.orders.criterion import one_by_one
from keepfaith.plugins.criterion import Criterion, RankedComponents

if TYPE_CHECKING:
    import torch

    from keepfaith.models.removal import PrunableModel


def _rank(
    model: "PrunableModel",
    samples: Sequence["torch.Tensor"],
    components: Sequence[Component],
    seed: int = 0,
) -> RankedComponents:
    """Each component with the loss after dropping it; the seed is not used."""
    # Torch is imported here, so that reading the declaration does not load it.
    from keepfaith.orders.loss import mean_loss

    return one_by_one(
        components,
        lambda dropped, left: {
            component: mean_loss(model, samples, [*dropped, component]) for component in left
        },
    )


CRITERION = Criterion(
    label="Greedy",
    citation="Song et al. 2024, SLEB, arXiv:2402.09025; Zhang et al. 2024, FinerCut, arXiv:2405.18218",
    reads_text=True,
    reads_stream=False,
    seeded=False,
    passes=lambda components: components * (components + 1) / 2,
    rank=_rank,
)
