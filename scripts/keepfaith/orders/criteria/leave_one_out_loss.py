"""Leave-one-out loss: the component whose removal leaves the lowest loss on calibration text is dropped first.

Score = loss without the component - loss of the dense model, in nats per token; one-shot.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keepfaith.models.components import Component
from keepfaith.orders.criterion import smallest_first
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
    """Components by increase of loss, smallest first; the seed is not used."""
    # Torch is imported here, so that reading the declaration does not load it.
    from keepfaith.orders.loss import mean_loss

    dense = mean_loss(model, samples, [])
    return smallest_first(
        {component: mean_loss(model, samples, [component]) - dense for component in components}
    )


CRITERION = Criterion(
    label="Leave-one-out loss",
    citation="Siddiqui et al. 2024, arXiv:2407.16286",
    reads_text=True,
    reads_stream=False,
    seeded=False,
    passes=lambda components: components + 1,
    rank=_rank,
)
