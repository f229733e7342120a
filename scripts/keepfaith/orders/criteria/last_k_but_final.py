"""Last k but the final layer: as `last_k`, but the final layer's components are dropped last.

The final layer often matters most among the deep ones.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keepfaith.models.components import Component
from keepfaith.orders.criteria.last_k import deepest_first
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
    """Components from the second-last layer to the first, then those of the final layer; score: layers above."""
    ranked = deepest_first(model, samples, components)
    final = model.layers - 1
    return sorted(ranked, key=lambda item: item[0].layer == final)


CRITERION = Criterion(
    label="Last k but the final layer",
    citation="Tyukin et al. 2024, arXiv:2407.15516",
    reads_text=False,
    reads_stream=False,
    seeded=False,
    passes=lambda components: 0,
    rank=_rank,
)
