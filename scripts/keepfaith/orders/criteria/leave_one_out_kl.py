"""Leave-one-out KL: the component whose removal changes the model's predictions least is dropped first.

Score = KL(dense || without the component) of the next token, mean over calibration tokens, in nats; one-shot.
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
    """Components by mean divergence, smallest first; the seed is not used."""
    # Torch is imported here, so that reading the declaration does not load it.
    from keepfaith.orders.loss import mean_divergence

    return smallest_first(
        mean_divergence(model, samples, {component: [component] for component in components})
    )


CRITERION = Criterion(
    label="Leave-one-out KL",
    citation="Siddiqui et al. 2024, arXiv:2407.16286",
    reads_text=True,
    reads_stream=False,
    seeded=False,
    passes=lambda components: components + 1,
    rank=_rank,
)
